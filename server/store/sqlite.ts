// node:sqlite under Kysely: the dialect's own driver wants better-sqlite3, whose few methods are imitated here.

import { closeSync, constants, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
} from "kysely";

/**
 * Opens or creates the file (0600). WAL with synchronous=FULL: a commit that has returned survives a power cut.
 * Another process's write is waited for up to ten seconds. What SQLite sets aside for large statements is in files beside
 * this one, which have lost their names before they are written: a read-only container has no other folder to write to,
 * elsewhere it would be names and addresses outside of ours, and in memory it would grow with an import.
 */
export function openSqlite(path: string): DatabaseSync {
  // SQLite reads it once in a process, at its first file.
  process.env["SQLITE_TMPDIR"] ??= dirname(resolve(path));
  closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 10_000 });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;");
  return database;
}

export class NodeSqliteDialect extends SqliteDialect {
  readonly #database: DatabaseSync;
  readonly #like: SqliteDatabase;

  constructor(database: DatabaseSync) {
    const like = likeBetterSqlite(database);
    super({ database: like });
    this.#database = database;
    this.#like = like;
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#database, this.#like);
  }
}

/**
 * Every transaction takes the write lock at once. A transaction that reads first and then writes can otherwise be
 * overtaken by another process in between.
 */
class ImmediateDriver extends SqliteDriver {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync, like: SqliteDatabase) {
    super({ database: like });
    this.#database = database;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  /** A full disk, or one that fails, has rolled back already: an error about that would hide what happened. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await super.rollbackTransaction(connection);
  }
}

/** More than the program has; what an import or a report makes up of its own does not fill the memory. */
const mostStatements = 500;

interface Prepared {
  readonly statement: StatementSync;
  /** Whether rows come of it. */
  readonly reader: boolean;
}

function likeBetterSqlite(database: DatabaseSync): SqliteDatabase {
  const known = new Map<string, Prepared>();
  const prepared = (sql: string): Prepared => {
    const present = known.get(sql);
    if (present !== undefined) return present;
    const statement = database.prepare(sql);
    const fresh = { statement, reader: statement.columns().length > 0 };
    if (known.size >= mostStatements) known.clear();
    known.set(sql, fresh);
    return fresh;
  };
  return {
    close: () => database.close(),
    prepare(sql) {
      const { statement, reader } = prepared(sql);
      const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
      return {
        reader,
        all: (parameters) => statement.all(...values(parameters)),
        run: (parameters) => statement.run(...values(parameters)),
        // One of its own: a second use of the same text would begin the rows anew under whoever is still reading.
        iterate: (parameters) => database.prepare(sql).iterate(...values(parameters)),
      };
    },
  };
}
