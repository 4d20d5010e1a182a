// MySQL and MariaDB, row by row off the connection, in a transaction that can only read.

import type { SqlAddress } from "./address.ts";
import type { SqlAnswer } from "./rows.ts";

const rowsAhead = 1_000;
const patienceMs = 10_000;

export async function openMysql(address: SqlAddress, query: string): Promise<SqlAnswer> {
  const { createConnection } = await import("mysql2");
  const { host, port, user, database, tls } = address;
  const connection = createConnection({
    host,
    port,
    user,
    database,
    password: address.password,
    charset: "utf8mb4",
    connectTimeout: patienceMs,
    // The program is built so that no text can become code.
    disableEval: true,
    ...(tls === undefined
      ? {}
      : // Whose certificate it is, is not looked at unless that is said.
        {
          ssl: {
            minVersion: "TLSv1.2",
            verifyIdentity: true,
            ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          },
        }),
  });
  connection.on("error", () => undefined);
  const ask = (sql: string) =>
    new Promise<void>((resolve, reject) => {
      connection.query(sql, (error) => (error === null ? resolve() : reject(error)));
    });
  try {
    await ask("start transaction read only");
    const asked = connection.query({ sql: query, rowsAsArray: true, typeCast: (field) => field.string() });
    const rows = asked.stream({ highWaterMark: rowsAhead });
    const columns = await new Promise<readonly string[]>((resolve, reject) => {
      asked.once("fields", (fields: readonly { name: string }[] | undefined) =>
        resolve((fields ?? []).map((field) => field.name)),
      );
      rows.once("error", reject);
    });
    return { columns, rows, close: async () => connection.destroy() };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}
