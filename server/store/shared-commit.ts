// Exchanges that wait at the same moment share one commit, and with it one wait for the disk. SQLite has one writer at a
// time; without this each of them would wait for the disk by itself.

import { sql } from "kysely";
import type { Db, Tx } from "./store.ts";

interface Waiting {
  /** Does the work in a transaction that is open, and keeps how it ended. */
  run(tx: Tx): Promise<void>;
  /** Everything is on the disk: how it ended may be told. */
  settle(): void;
  reject(error: unknown): void;
}

/** What a power cut takes back, it takes back from all of them; none has been answered. */
const mostTogether = 32;

export class SharedCommits {
  readonly #db: Db;
  readonly #waiting: Waiting[] = [];
  #running = false;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Resolves or rejects as `work` does, once what all in the same commit have written is durable. */
  run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let ended: { readonly value: T } | { readonly error: unknown } | undefined;
      this.#waiting.push({
        async run(tx) {
          try {
            ended = { value: await work(tx) };
          } catch (error) {
            ended = { error };
            throw error;
          }
        },
        settle() {
          if (ended === undefined) reject(new Error("a commit was shared with work that was not done"));
          else if ("error" in ended) reject(ended.error);
          else resolve(ended.value);
        },
        reject,
      });
      if (this.#running) return;
      this.#running = true;
      // What has arrived meanwhile shall be in it: a transaction here does not give the event loop a turn.
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, mostTogether));
    this.#running = false;
  }

  async #commit(together: readonly Waiting[]): Promise<void> {
    try {
      await this.#db.transaction().execute(async (tx) => {
        for (const one of together) await apart(tx, one);
      });
    } catch (error) {
      // Nothing of any of them is there.
      for (const one of together) one.reject(error);
      return;
    }
    for (const one of together) one.settle();
  }
}

/** What one has written is undone when it fails, and only that. @throws when it can't be undone: then nothing is kept. */
async function apart(tx: Tx, one: Waiting): Promise<void> {
  await sql`savepoint one`.execute(tx);
  try {
    await one.run(tx);
  } catch {
    await sql`rollback to one`.execute(tx);
  }
  await sql`release one`.execute(tx);
}
