// Two questions of whoever watches over the server. Alive: does the process answer; if not, restart it. Ready: does it
// reach its database and is it not ending; if not, send nobody here.

import type { Store } from "../store/store.ts";

export type WhyNotReady = "ending" | "server-key" | "database";

export class Health {
  readonly #store: Store;
  #ending = false;
  #keyFits = true;

  constructor(store: Store) {
    this.#store = store;
  }

  /** From now on it is not ready, while requests in progress are answered. */
  end(): void {
    this.#ending = true;
  }

  /** Whether `server.key` opens what is in the database: without it nobody can be let in. */
  keyFits(fits: boolean): void {
    this.#keyFits = fits;
  }

  get isKeyRefused(): boolean {
    return !this.#keyFits;
  }

  async isReady(): Promise<boolean> {
    return (await this.whyNotReady()) === undefined;
  }

  async whyNotReady(): Promise<WhyNotReady | undefined> {
    if (this.#ending) return "ending";
    if (!this.#keyFits) return "server-key";
    return (await this.#reachesDatabase()) ? undefined : "database";
  }

  async #reachesDatabase(): Promise<boolean> {
    try {
      // A database that has moved elsewhere has no users any more, and its server lets nobody in.
      await this.#store.db.selectFrom("users").select("id").limit(1).execute();
      return (await this.#store.db.selectFrom("server").select("id").executeTakeFirst()) !== undefined;
    } catch {
      return false;
    }
  }
}
