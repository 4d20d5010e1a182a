// A server's SQLite database moves to PostgreSQL, as it is, and can't be used any more where it was: of two copies, one
// would not know which codes the other has spent.

import { sql, type Transaction } from "kysely";
import { Failure } from "../failure.ts";
import { movedMark } from "./migrate.ts";
import type { Db, Store, Tx } from "./store.ts";

/** PostgreSQL takes 65,535 parameters in one statement. */
const mostParameters = 60_000;
const mostRows = 1_000;

/** How many rows each table had. */
export type Moved = Readonly<Record<string, number>>;

/**
 * Everything or nothing. Whoever writes to the old database meanwhile waits, and is refused from then on: also a server that
 * was left running on it.
 * @throws Failure when the new one is not empty.
 */
export async function moveStore(
  from: Store,
  to: Store,
  onTable: (name: string, rows: number) => void,
): Promise<Moved> {
  return from.write(async (source) => {
    const moved = await to.write(async (target) => {
      await checkEmpty(target);
      const counts: Record<string, number> = {};
      for (const table of await tablesInOrder(source)) {
        counts[table] = await moveTable(source, target, table);
        onTable(table, counts[table]);
      }
      return counts;
    });
    // Should the machine fail between the two commits, the old one goes on as if nothing had been.
    await sql`insert into migrations (number) values (${movedMark})`.execute(source);
    await sql`alter table machines rename to machines_moved`.execute(source);
    await sql`alter table users rename to users_moved`.execute(source);
    return moved;
  });
}

async function checkEmpty(target: Db): Promise<void> {
  const owner = await target.selectFrom("server").select("id").executeTakeFirst();
  const user = await target.selectFrom("users").select("id").executeTakeFirst();
  if (owner !== undefined || user !== undefined)
    throw new Failure("conflict", "the PostgreSQL database is not empty; give one that nothing is in yet");
}

/** Those that others refer to come first. */
async function tablesInOrder(source: Tx): Promise<string[]> {
  const found = await sql<{ name: string }>`select name from sqlite_master
    where type = 'table' and name not like 'sqlite%' and name not in ('migrations', 'policy_mark') order by name`.execute(
    source,
  );
  const waiting = new Map<string, Set<string>>();
  for (const { name } of found.rows) {
    const keys = await sql<{ parent: string }>`select "table" as parent
      from pragma_foreign_key_list(${name})`.execute(source);
    waiting.set(name, new Set(keys.rows.map((key) => key.parent)));
  }
  const ordered: string[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, parents]) => [...parents].every((parent) => !waiting.has(parent)));
    if (ready.length === 0) throw new Error("tables refer to one another in a circle");
    for (const [name] of ready) {
      waiting.delete(name);
      ordered.push(name);
    }
  }
  return ordered;
}

async function moveTable(source: Tx, target: Tx, table: string): Promise<number> {
  const [from, into] = [bare(source), bare(target)];
  let count = 0;
  let batch: Record<string, unknown>[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    await into.insertInto(table).values(batch).execute();
    count += batch.length;
    batch = [];
  };
  for await (const row of from.selectFrom(table).selectAll().stream()) {
    batch.push(row);
    const width = Object.keys(row).length;
    if (batch.length >= Math.min(mostRows, Math.floor(mostParameters / width))) await flush();
  }
  await flush();
  await raiseRowNumber(target, table);
  return count;
}

/** A column that counts up by itself goes on where it was. */
async function raiseRowNumber(target: Tx, table: string): Promise<void> {
  const columns = await sql<{ columnName: string }>`select column_name from information_schema.columns
    where table_schema = current_schema() and table_name = ${table} and is_identity = 'YES'`.execute(target);
  for (const { columnName } of columns.rows)
    await sql`select setval(pg_get_serial_sequence(${table}, ${columnName}),
      (select coalesce(max(${sql.ref(columnName)}), 0) + 1 from ${sql.table(table)}), false)`.execute(target);
}

/** Tables and columns by the names they have in the database, whatever they are. */
function bare(tx: Tx): Transaction<Record<string, Record<string, unknown>>> {
  return tx.withoutPlugins() as unknown as Transaction<Record<string, Record<string, unknown>>>;
}
