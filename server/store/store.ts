// The database as the rest of the server sees it.

import { CamelCasePlugin, Kysely, type Transaction } from "kysely";
import { migrate } from "./migrate.ts";
import { NodeSqliteDialect, openSqlite } from "./sqlite.ts";
import type { Tables } from "./tables.ts";

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

export interface Store {
  /** For reading. Never to be used inside `write`: it would wait for the very transaction it is in. */
  readonly db: Db;
  /**
   * One transaction under the write lock: durable when it resolves, without a trace when `work` rejects. `work` waits for
   * nothing but the database, since every other writer, in other processes too, waits for it.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openStore(path: string): Promise<Store> {
  const dialect = new NodeSqliteDialect(openSqlite(path));
  const bare = new Kysely<unknown>({ dialect });
  try {
    await migrate(bare);
  } catch (error) {
    await bare.destroy();
    throw error;
  }
  const db = bare.withPlugin(new CamelCasePlugin({ maintainNestedObjectKeys: true })) as Kysely<Tables>;
  return {
    db,
    write: (work) => db.transaction().execute(work),
    close: () => db.destroy(),
  };
}
