/**
 * One at a time for each user, from the last answer to the commit: while the server is thinking about a code, the same
 * code is not judged offline in another dialogue.
 */
export class UserQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(user: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(user) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.catch(() => undefined);
    this.#last.set(user, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(user) === settled) this.#last.delete(user);
    }
  }
}
