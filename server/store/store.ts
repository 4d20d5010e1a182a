// The database as the rest of the server sees it.

import { CamelCasePlugin, type Dialect, Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { Failure } from "../failure.ts";
import { migrate } from "./migrate.ts";
import { SharedCommits } from "./shared-commit.ts";
import { NodeSqliteDialect, openSqlite } from "./sqlite.ts";
import type { Tables } from "./tables.ts";

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** Where the database is. */
export type Database =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string };

/** What one exchange with a machine reads and writes, but for what only an admin changes and what is only added to. */
export interface Touched {
  readonly machine: string;
  /** Their names, as typed. */
  readonly users: readonly string[];
}

export interface Store {
  /** For reading. Never to be used inside `write` or `exchange`: it would wait for the very transaction it is in. */
  readonly db: Db;
  /** The same, for the few statements that every exchange runs before its transaction. */
  readonly ahead: Db;
  /**
   * One transaction with nobody else writing: durable when it resolves, without a trace when `work` rejects. `work` waits
   * for nothing but the database, since every other writer, in other processes too, waits for it.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * The same for exchanges with machines: those of other machines and users go on meanwhile, or share the commit, as the
   * database can.
   */
  exchange<T>(touched: Touched, work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * `ifNew`: what is thrown where no server is in the database yet, which stays as it is.
 * @throws Failure when the database can't be used safely.
 */
export async function openStore(database: Database, ifNew?: Failure): Promise<Store> {
  return database.kind === "sqlite"
    ? openSqliteStore(database.path, ifNew)
    : openPostgresStore(database.url, ifNew);
}

async function openSqliteStore(path: string, ifNew: Failure | undefined): Promise<Store> {
  const found = sql`select 1 from sqlite_master where type = 'table' and name = 'server'`;
  const dialect = new NodeSqliteDialect(openSqlite(path));
  const bare = await migrated(dialect, async () => undefined, found, ifNew);
  const db = withPlainNames(bare);
  // Every transaction has the write lock from its beginning.
  const write: Store["write"] = (work) => db.transaction().execute(work);
  const shared = new SharedCommits(db);
  return { db, ahead: db, write, exchange: (_, work) => shared.run(work), close: () => db.destroy() };
}

async function openPostgresStore(url: string, ifNew: Failure | undefined): Promise<Store> {
  const { checkDurable, lockAll, lockSome, openPool, postgresDialect, exchangeDialect } = await import(
    "./postgres.ts"
  );
  const pool = openPool(url);
  let bare: Kysely<unknown>;
  try {
    await checkDurable(pool);
    const found = sql`select 1 where to_regclass('server') is not null`;
    bare = await migrated(postgresDialect(pool), lockAll, found, ifNew);
  } catch (error) {
    if (!pool.ended) await pool.end();
    throw error;
  }
  const db = withPlainNames(bare);
  const ofExchanges = withPlainNames(new Kysely<unknown>({ dialect: exchangeDialect(pool) }));
  // What the locks order is seen by each statement anew: a snapshot taken before the lock was had would be too old.
  const transaction = (of: Db) => of.transaction().setIsolationLevel("read committed");
  return {
    db,
    ahead: ofExchanges,
    write: (work) =>
      transaction(db).execute(async (tx) => {
        await lockAll(tx);
        return await work(tx);
      }),
    exchange: ({ machine, users }, work) =>
      transaction(ofExchanges).execute(async (tx) => {
        await lockSome(tx, [`machine ${machine}`, ...users.map((user) => `user ${user.normalize("NFC")}`)]);
        return await work(tx);
      }),
    close: () => db.destroy(),
  };
}

/** `found`: a row of it, if there is the table of the server. */
async function migrated(
  dialect: Dialect,
  lock: (tx: Tx) => Promise<void>,
  found: RawBuilder<unknown>,
  ifNew: Failure | undefined,
): Promise<Kysely<unknown>> {
  const bare = new Kysely<unknown>({ dialect });
  try {
    if (ifNew !== undefined && !(await holdsServer(bare, found))) throw ifNew;
    await migrate(bare, (tx) => lock(tx as Tx));
  } catch (error) {
    await bare.destroy();
    throw error;
  }
  return bare;
}

async function holdsServer(bare: Kysely<unknown>, found: RawBuilder<unknown>): Promise<boolean> {
  if ((await found.execute(bare)).rows.length === 0) return false;
  return (await sql`select id from server`.execute(bare)).rows.length > 0;
}

function withPlainNames(bare: Kysely<unknown>): Db {
  return bare.withPlugin(new CamelCasePlugin({ maintainNestedObjectKeys: true })) as Db;
}
