// The one database: rows of sealed bytes and nothing else. node:sqlite, WAL, synchronous=FULL: a commit has been synced
// when it returns.

import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StateDamaged, StateUnreadable } from "./failures.ts";

export interface Row {
  readonly table: string;
  readonly id: string;
  readonly generation: number;
  readonly sealed: Uint8Array;
}

const schemaVersion = 1;

export class Rows {
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  /** The log may have what was to be forgotten: the agent was killed before it was emptied, or that has failed. */
  #owesForgetting = false;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#get = database.prepare("SELECT generation, sealed FROM record WHERE tbl = ? AND id = ?");
    this.#put = database.prepare(
      "INSERT INTO record (tbl, id, generation, sealed) VALUES (?, ?, ?, ?) ON CONFLICT (tbl, id) DO UPDATE SET generation = excluded.generation, sealed = excluded.sealed",
    );
    this.#delete = database.prepare("DELETE FROM record WHERE tbl = ? AND id = ?");
  }

  /** A new, empty database. The caller has made sure that there is none. */
  static create(path: string): Rows {
    // SQLite gives its log the database's mode when it makes it, so the mode is there before the log is.
    closeSync(openSync(path, "wx", 0o600));
    const database = connect(path);
    database.exec(
      `CREATE TABLE record (tbl TEXT NOT NULL, id TEXT NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (tbl, id)) STRICT, WITHOUT ROWID; PRAGMA user_version = ${schemaVersion}`,
    );
    return new Rows(database);
  }

  /** @throws StateDamaged for what is no whole database; StateUnreadable for one that can't be read now, or by this version. */
  static open(path: string): Rows {
    let database: DatabaseSync | undefined;
    try {
      database = connect(path);
      const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
      if (version === 0) throw new StateDamaged("the database is empty");
      if (version !== schemaVersion)
        throw new StateUnreadable(`the database has version ${version}, which this agent doesn't know`);
      // A page that breaks later would break writing the record anew, too: nobody could sign in to mend it.
      if (database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"] !== "ok")
        throw new StateDamaged("the database is corrupt");
      const rows = new Rows(database);
      rows.#forgetWhatIsOwed();
      return rows;
    } catch (error) {
      database?.close();
      throw asFailure(error);
    }
  }

  /** @throws StateDamaged, StateUnreadable */
  get(table: string, id: string): Row | undefined {
    const found = reading(() => this.#get.get(table, id));
    return found === undefined ? undefined : toRow({ ...found, tbl: table, id });
  }

  all(table: string): Row[] {
    const statement = this.#database.prepare(
      "SELECT tbl, id, generation, sealed FROM record WHERE tbl = ? ORDER BY id",
    );
    return reading(() => statement.all(table)).map(toRow);
  }

  /** Rows of one table in the order of ids, from `fromId` on. */
  some(table: string, fromId: string, most: number): Row[] {
    const statement = this.#database.prepare(
      "SELECT tbl, id, generation, sealed FROM record WHERE tbl = ? AND id >= ? ORDER BY id LIMIT ?",
    );
    return reading(() => statement.all(table, fromId, most)).map(toRow);
  }

  /** The names of all rows but those of the given tables. */
  names(except: readonly string[]): Omit<Row, "sealed">[] {
    const statement = this.#database.prepare(
      `SELECT tbl, id, generation FROM record WHERE tbl NOT IN (${except.map(() => "?").join(",")}) ORDER BY tbl, id`,
    );
    return reading(() => statement.all(...except)).map((row) => ({
      table: String(row["tbl"]),
      id: String(row["id"]),
      generation: Number(row["generation"]),
    }));
  }

  /**
   * All or nothing, and durable when it returns. `forget`: what the rows were before is not in the database's files any more.
   * @throws whatever SQLite does; then nothing may be built on the outcome.
   */
  write(put: readonly Row[], remove: readonly Pick<Row, "table" | "id">[], forget: boolean): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const row of remove) this.#delete.run(row.table, row.id);
      for (const row of put) this.#put.run(row.table, row.id, row.generation, row.sealed);
      this.#database.exec("COMMIT");
    } catch (error) {
      try {
        this.#database.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself; the first error is the one that counts.
      }
      throw error;
    }
    if (forget || this.#owesForgetting) this.#emptyLog();
  }

  #emptyLog(): void {
    this.#owesForgetting = true;
    if (this.#database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"] !== 0)
      throw new Error("the log was not emptied");
    this.#owesForgetting = false;
  }

  /** At the next commit where it can't be done now: a disk that is full can still be read. */
  #forgetWhatIsOwed(): void {
    try {
      this.#emptyLog();
    } catch {
      // It is still owed.
    }
  }

  close(): void {
    this.#database.close();
  }
}

function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 1_000 });
  try {
    // EXCLUSIVE: a second agent on the same state can't open it. secure_delete: what goes leaves zeros in the pages.
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON",
    );
  } catch (error) {
    // Left open it would keep its lock, and every later try would wait for it.
    database.close();
    throw error;
  }
  return database;
}

/** Only what SQLite itself calls corrupt is damage: busy, full, out of reach or out of memory passes. */
export function asFailure(error: unknown): StateDamaged | StateUnreadable {
  if (error instanceof StateDamaged || error instanceof StateUnreadable) return error;
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : -1;
  const [corrupt, notADatabase] = [11, 26];
  return code === corrupt || code === notADatabase
    ? new StateDamaged("the database is corrupt", error)
    : new StateUnreadable("the database does not open or read", error);
}

/** A disk may fail under an open database, too. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asFailure(error);
  }
}

function toRow(row: Record<string, unknown>): Row {
  const { tbl, id, generation, sealed } = row;
  if (typeof tbl !== "string" || typeof id !== "string" || typeof generation !== "number")
    throw new StateDamaged("a row of an unknown form");
  if (!(sealed instanceof Uint8Array)) throw new StateDamaged("a row of an unknown form");
  return { table: tbl, id, generation, sealed };
}
