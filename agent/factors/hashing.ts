/**
 * Argon2id takes memory and a while: so many hashes are made at once, the others wait in the order in which they came. More
 * would slow each other down and hold up everything else that Node does outside its own thread.
 */
export class Hashing {
  #atWork = 0;
  readonly #mostAtOnce: number;
  readonly #waiting: (() => void)[] = [];

  constructor(mostAtOnce = 2) {
    this.#mostAtOnce = mostAtOnce;
  }

  async run<T>(hash: () => Promise<T>): Promise<T> {
    // Whoever wakes this one up hands its place over.
    if (this.#atWork >= this.#mostAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#atWork += 1;
    try {
      return await hash();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#atWork -= 1;
      else next();
    }
  }
}
