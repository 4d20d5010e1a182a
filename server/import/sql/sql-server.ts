// SQL Server, by the package tedious. Written by its documentation: it has never met a server.

import type { SqlAddress } from "./address.ts";
import { loadDriver } from "./optional-driver.ts";
import { Queue } from "./queue.ts";
import type { SqlAnswer } from "./rows.ts";

/** What of tedious is used. */
interface Tedious {
  readonly Connection: new (
    settings: object,
  ) => {
    on(event: "connect", heard: (error?: Error) => void): void;
    connect(): void;
    execSql(request: object): void;
    close(): void;
  };
  readonly Request: new (
    sql: string,
    done: (error?: Error) => void,
  ) => {
    on(event: "row", heard: (columns: readonly { readonly value: unknown }[]) => void): void;
    on(event: "columnMetadata", heard: (columns: readonly { readonly colName: string }[]) => void): void;
    pause(): void;
    resume(): void;
  };
}

export async function openSqlServer(
  address: SqlAddress,
  query: string,
  driverFolder: string | undefined,
): Promise<SqlAnswer> {
  const { Connection, Request } = loadDriver("tedious", "SQL Server", driverFolder) as Tedious;
  const { host, port, user, password, database, tls } = address;
  const connection = new Connection({
    server: host,
    authentication: { type: "default", options: { userName: user, password } },
    options: {
      port,
      database,
      encrypt: tls !== undefined,
      trustServerCertificate: false,
      readOnlyIntent: true,
      ...(tls?.ca === undefined ? {} : { cryptoCredentialsDetails: { ca: tls.ca } }),
    },
  });
  await new Promise<void>((resolve, reject) => {
    connection.on("connect", (error) => (error === undefined ? resolve() : reject(error)));
    connection.connect();
  });
  return new Promise<SqlAnswer>((resolve, reject) => {
    const request = new Request(query, (error) => {
      if (error) reject(error);
      rows.end(error);
    });
    const rows = new Queue<readonly unknown[]>(
      () => request.pause(),
      () => request.resume(),
    );
    request.on("columnMetadata", (columns) =>
      resolve({
        columns: columns.map((column) => column.colName),
        rows,
        close: async () => connection.close(),
      }),
    );
    request.on("row", (columns) => rows.push(columns.map((column) => column.value)));
    connection.execSql(request);
  });
}
