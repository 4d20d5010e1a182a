// Hashing a password takes memory and a while: so much of it goes on at once, so much waits, and the rest is sent away.

const mostAtWork = 4;
const mostWaiting = 64;

export class SlowLane {
  #atWork = 0;
  readonly #waiting: (() => void)[] = [];

  /** Undefined when too many are waiting already: nothing was done. */
  async pass<T>(work: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
    if (this.#atWork >= mostAtWork) {
      if (this.#waiting.length >= mostWaiting) return undefined;
      // Whoever wakes this one up hands its place over.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#atWork += 1;
    try {
      return { value: await work() };
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#atWork -= 1;
      else next();
    }
  }
}
