// PostgreSQL, by a cursor in a transaction that can only read.

import type { SqlAddress } from "./address.ts";
import type { SqlAnswer } from "./rows.ts";

const rowsAtOnce = 1_000;
const patienceMs = 10_000;

export async function openPostgres(address: SqlAddress, query: string): Promise<SqlAnswer> {
  const { default: pg } = await import("pg");
  const { host, port, user, database } = address;
  const client = new pg.Client({
    host,
    port,
    user,
    database,
    password: address.password,
    ssl: address.tls === undefined ? false : { ca: address.tls.ca },
    connectionTimeoutMillis: patienceMs,
    application_name: "nightlatch-server import",
    // Everything as PostgreSQL writes it.
    types: { getTypeParser: () => (text: unknown) => text },
  });
  // A connection that breaks rejects the query it is in; what comes between two queries is heard by the next one.
  client.on("error", () => undefined);
  await client.connect();
  const fetch = () =>
    client.query<unknown[]>({ text: `fetch ${rowsAtOnce} from import_rows`, rowMode: "array" });
  try {
    await client.query("begin transaction isolation level repeatable read read only");
    // The extended protocol takes one statement and no second one behind it.
    await client.query({
      text: `declare import_rows no scroll cursor for ${query}`,
      queryMode: "extended",
    } as { text: string });
    const first = await fetch();
    return {
      columns: first.fields.map((field) => field.name),
      rows: rest(first.rows, async () => (await fetch()).rows),
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function* rest(
  first: readonly unknown[][],
  next: () => Promise<unknown[][]>,
): AsyncGenerator<readonly unknown[]> {
  let rows = first;
  while (rows.length > 0) {
    yield* rows;
    rows = rows.length < rowsAtOnce ? [] : await next();
  }
}
