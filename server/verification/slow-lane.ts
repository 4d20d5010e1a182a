// Hashing what people know takes memory and a thread of Node's for a while, and files and names of hosts need those threads,
// too. So there is one lane in the process for all of it: so much goes on at once, who waits takes turns with all others who
// do, and the rest is sent away.

/** Of Node's four threads. */
const mostAtWork = 3;
const mostWaitingOfOne = 64;
const mostWaiting = 4_096;

/** In place of what was to be worked out: too many are waiting, or whoever asked has gone. */
export const busy: unique symbol = Symbol("busy");
export type Busy = typeof busy;

interface Waiter {
  readonly gone: AbortSignal | undefined;
  readonly enter: (may: boolean) => void;
}

export class SlowLane {
  #atWork = 0;
  #waiting = 0;
  /** The one whose turn is next comes first. */
  readonly #queues = new Map<unknown, Waiter[]>();

  /**
   * `asker`: among whom turns are taken. Undefined when too many are waiting already, or whoever asked is gone by the time:
   * nothing was done. What is done here must not pass again.
   */
  async pass<T>(
    asker: unknown,
    work: () => Promise<T>,
    gone?: AbortSignal,
  ): Promise<{ readonly value: T } | undefined> {
    if (!(await this.#enter(asker, gone))) return undefined;
    try {
      return { value: await work() };
    } finally {
      this.#leave();
    }
  }

  async #enter(asker: unknown, gone: AbortSignal | undefined): Promise<boolean> {
    if (this.#atWork < mostAtWork) {
      this.#atWork += 1;
      return true;
    }
    const queue = this.#queues.get(asker) ?? [];
    if (queue.length >= mostWaitingOfOne || this.#waiting >= mostWaiting) return false;
    this.#waiting += 1;
    this.#queues.set(asker, queue);
    return new Promise((enter) => queue.push({ gone, enter }));
  }

  /** The place goes to whoever is next and still there. */
  #leave(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const isThere = next.gone?.aborted !== true;
      next.enter(isThere);
      if (isThere) return;
    }
    this.#atWork -= 1;
  }

  #next(): Waiter | undefined {
    const [first] = this.#queues;
    if (first === undefined) return undefined;
    const [asker, queue] = first;
    const waiter = queue.shift();
    this.#queues.delete(asker);
    if (queue.length > 0) this.#queues.set(asker, queue);
    this.#waiting -= 1;
    return waiter;
  }
}
