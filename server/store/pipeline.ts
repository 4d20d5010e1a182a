// How exchanges use a connection to PostgreSQL: what is only sent is not waited for until the commit, and statements that
// run again and again are planned once a connection, under a name.

import type { Writable } from "node:stream";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  PostgresDialect,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import type pg from "pg";
import { isUnread } from "./send.ts";

/** More than exchanges have: a connection keeps each for as long as it lives. */
const mostNames = 200;
/** What is longer is a list whose length changes. */
const mostCharacters = 2_000;
/** "cached plan must not change result type": a newer program has changed a table meanwhile. */
const outwornPlan = "0A000";

/** For a pool whose connections take a statement before they have answered the one before. */
export class PipelineDialect extends PostgresDialect {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    super({ pool });
    this.#pool = pool;
  }

  override createDriver(): Driver {
    return new PipelineDriver(this.#pool);
  }
}

class PipelineDriver implements Driver {
  readonly #pool: pg.Pool;
  readonly #names = new Map<string, string>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Pipeline(await this.#pool.connect(), (text) => this.#nameOf(text));
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { isolationLevel } = settings;
    if (isolationLevel === undefined || settings.accessMode !== undefined)
      throw new Error("a transaction is begun with its isolation level and nothing else");
    own(connection).send(`start transaction isolation level ${isolationLevel}`, []);
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return own(connection).commit();
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return own(connection).rollback();
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    own(connection).release();
  }

  destroy(): Promise<void> {
    return this.#pool.end();
  }

  #nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= mostNames || text.length > mostCharacters) return known;
    const name = `nl_${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}

function own(connection: DatabaseConnection): Pipeline {
  if (connection instanceof Pipeline) return connection;
  throw new Error("a connection of another driver");
}

/** A connection for as long as one transaction has it. */
class Pipeline implements DatabaseConnection {
  readonly #client: pg.PoolClient;
  readonly #nameOf: (text: string) => string | undefined;
  /** How each statement that was only sent has ended: its error, or undefined. */
  readonly #sent: Promise<unknown>[] = [];
  /** Corked while something waits in it, to leave in one packet with the statement that is waited for. */
  readonly #stream: Pick<Writable, "cork" | "uncork">;
  #corked = false;
  #unfit = false;

  constructor(client: pg.PoolClient, nameOf: (text: string) => string | undefined) {
    this.#client = client;
    this.#stream = (client as pg.PoolClient & { connection: { stream: Writable } }).connection.stream;
    this.#nameOf = nameOf;
  }

  /** @throws with what has failed first, which may be something that was only sent. */
  async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
    const { sql, parameters } = compiled;
    if (isUnread(compiled)) {
      this.send(sql, parameters);
      return { rows: [] };
    }
    try {
      const { command, rowCount, rows } = await this.#query(sql, parameters);
      const changes = command === "INSERT" || command === "UPDATE" || command === "DELETE";
      return changes ? { rows, numAffectedRows: BigInt(rowCount ?? 0) } : { rows };
    } catch (error) {
      throw (await this.#firstFailure()) ?? error;
    }
  }

  // biome-ignore lint/correctness/useYield: nothing is ever read so, and the interface wants it.
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error("an exchange reads no stream");
  }

  send(sql: string, parameters: readonly unknown[]): void {
    if (!this.#corked) this.#stream.cork();
    this.#corked = true;
    this.#sent.push(
      this.#submit(sql, parameters).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
  }

  /** Sent right behind everything else: where something before it has failed, the database undoes it all instead. */
  async commit(): Promise<void> {
    const committed = this.#query("commit", []);
    committed.catch(() => undefined);
    const failure = await this.#firstFailure();
    if (failure !== undefined) throw failure;
    const { command } = await committed;
    if (command !== "COMMIT") throw new Error("the database has undone what it was to commit");
  }

  async rollback(): Promise<void> {
    try {
      await this.#query("rollback", []);
    } catch (error) {
      this.#unfit = true;
      throw error;
    }
  }

  /** Its next user gets a connection that plans anew, where this one's plans are outworn. */
  release(): void {
    this.#client.release(this.#unfit);
  }

  async #firstFailure(): Promise<unknown> {
    const ended = await Promise.all(this.#sent.splice(0));
    return ended.find((failure) => failure !== undefined);
  }

  /** For an answer, and so with everything that was held back. */
  #query(text: string, parameters: readonly unknown[]): Promise<pg.QueryResult> {
    const answer = this.#submit(text, parameters);
    if (this.#corked) this.#stream.uncork();
    this.#corked = false;
    return answer;
  }

  async #submit(text: string, parameters: readonly unknown[]): Promise<pg.QueryResult> {
    const values = [...parameters];
    const name = values.length === 0 ? undefined : this.#nameOf(text);
    try {
      return await this.#client.query(name === undefined ? { text, values } : { name, text, values });
    } catch (error) {
      if ((error as { code?: unknown }).code === outwornPlan) this.#unfit = true;
      throw error;
    }
  }
}
