// Two questions of whoever watches over the server. Alive: does the process answer; if not, restart it. Ready: does it
// reach its database and is it not ending; if not, send nobody here.

import type { Store } from "../store/store.ts";

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

  async isReady(): Promise<boolean> {
    if (this.#ending || !this.#keyFits) return false;
    try {
      // A database that has moved elsewhere has no users any more, and its server lets nobody in.
      await this.#store.db.selectFrom("users").select("id").limit(1).execute();
      return (await this.#store.db.selectFrom("server").select("id").executeTakeFirst()) !== undefined;
    } catch {
      return false;
    }
  }
}
