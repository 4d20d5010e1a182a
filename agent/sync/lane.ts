// One request at a time, since each one's sequence number must be higher than the one's before. A person who waits goes
// first: the background's request is given up for them, and tried again later.

export class Lane {
  #last: Promise<unknown> = Promise.resolve();
  #background: AbortController | undefined;

  /** `stop` is aborted when a waiting person needs the lane. */
  background<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    return this.#enter(async () => {
      const controller = new AbortController();
      this.#background = controller;
      try {
        return await work(controller.signal);
      } finally {
        this.#background = undefined;
      }
    });
  }

  foreground<T>(work: () => Promise<T>): Promise<T> {
    this.#background?.abort();
    return this.#enter(work);
  }

  #enter<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
