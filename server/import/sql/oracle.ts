// Oracle, by the package oracledb in its thin mode. Written by its documentation: it has never met a server.

import type { SqlAddress } from "./address.ts";
import { loadDriver } from "./optional-driver.ts";
import type { SqlAnswer } from "./rows.ts";

const rowsAtOnce = 1_000;

/** What of oracledb is used. */
interface OracleDb {
  getConnection(settings: object): Promise<{
    execute(
      sql: string,
      binds: readonly unknown[],
      options: object,
    ): Promise<{
      readonly metaData: readonly { readonly name: string }[];
      readonly resultSet: { getRows(count: number): Promise<unknown[][]> };
    }>;
    close(): Promise<void>;
  }>;
}

export async function openOracle(
  address: SqlAddress,
  query: string,
  driverFolder: string | undefined,
): Promise<SqlAnswer> {
  const oracle = loadDriver("oracledb", "Oracle", driverFolder) as OracleDb;
  const { host, port, user, password, database, tls } = address;
  const connection = await oracle.getConnection({
    user,
    password,
    connectString: `${tls === undefined ? "tcp" : "tcps"}://${host}:${port}/${database}`,
    ...(tls?.ca === undefined ? {} : { walletContent: tls.ca }),
  });
  try {
    await connection.execute("set transaction read only", [], {});
    const { metaData, resultSet } = await connection.execute(query, [], { resultSet: true });
    return {
      columns: metaData.map((column) => column.name),
      rows: all(() => resultSet.getRows(rowsAtOnce)),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function* all(next: () => Promise<unknown[][]>): AsyncGenerator<readonly unknown[]> {
  for (let rows = await next(); rows.length > 0; rows = await next()) yield* rows;
}
