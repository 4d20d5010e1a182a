// Whether the server can be reached, remembered, so that a dead network costs the next sign-in no wait.

import type { Weather } from "./transport.ts";

export type Reachability = "unknown" | "reachable" | "unreachable";

export class Reach {
  #state: Reachability = "unknown";
  #lastFailure: Weather | null = null;
  #lastContactAtMs: number | null = null;
  readonly #changed: (now: Reachability, why: Weather | null) => void;

  constructor(changed: (now: Reachability, why: Weather | null) => void) {
    this.#changed = changed;
  }

  get state(): Reachability {
    return this.#state;
  }

  get lastFailure(): Weather | null {
    return this.#lastFailure;
  }

  /** Trusted time. */
  get lastContactAtMs(): number | null {
    return this.#lastContactAtMs;
  }

  heard(atMs: number): void {
    this.#lastContactAtMs = atMs;
    this.#lastFailure = null;
    this.#become("reachable", null);
  }

  failed(why: Weather): void {
    if (why === "preempted") return;
    this.#lastFailure = why;
    this.#become("unreachable", why);
  }

  #become(state: Reachability, why: Weather | null): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#changed(state, why);
  }
}
