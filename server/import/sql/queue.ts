/** What is pushed by a driver and taken by a loop; asks the driver to wait when much has been pushed and not taken. */
export class Queue<T> implements AsyncIterable<T> {
  readonly #pause: () => void;
  readonly #resume: () => void;
  #held: T[] = [];
  #paused = false;
  #end: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  constructor(pause: () => void, resume: () => void) {
    this.#pause = pause;
    this.#resume = resume;
  }

  push(value: T): void {
    this.#held.push(value);
    if (this.#held.length >= most && !this.#paused) {
      this.#paused = true;
      this.#pause();
    }
    this.#wake?.();
  }

  end(error: Error | undefined): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const taken = this.#held;
      this.#held = [];
      yield* taken;
      if (this.#held.length > 0) continue;
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      }
      if (this.#paused) {
        this.#paused = false;
        this.#resume();
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const most = 1_000;
