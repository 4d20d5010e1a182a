// A clock that stands still until a test moves it.

import type { Clock } from "../../words/clock.ts";

interface Sleeper {
  readonly wakeMs: number;
  readonly wake: () => void;
}

export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(wallMs: number = Date.parse("2026-11-20T12:00:00Z"), monotonicMs = 1_000_000) {
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, stop: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (stop.aborted) return reject(stop.reason);
      const aborted = (): void => {
        this.#sleepers.delete(sleeper);
        reject(stop.reason);
      };
      const sleeper: Sleeper = {
        wakeMs: this.#monotonicMs + ms,
        wake: () => {
          stop.removeEventListener("abort", aborted);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      stop.addEventListener("abort", aborted, { once: true });
    });
  }

  /** How many sleep: a test can see that nothing was left behind. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Time passes: both clocks move, sleepers wake in order, each at its own moment, and what they start gets its turn. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    await turn();
    for (;;) {
      const next = [...this.#sleepers].reduce<Sleeper | undefined>(
        (first, each) => (first === undefined || each.wakeMs < first.wakeMs ? each : first),
        undefined,
      );
      if (next === undefined || next.wakeMs > untilMs) break;
      this.#pass(Math.max(0, next.wakeMs - this.#monotonicMs));
      this.#sleepers.delete(next);
      next.wake();
      await turn();
    }
    this.#pass(untilMs - this.#monotonicMs);
    await turn();
  }

  /** Somebody sets the wall clock; no time passes. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  /** A new boot: the monotonic clock begins again and everybody who slept is gone. */
  reboot(monotonicMs = 0): void {
    this.#monotonicMs = monotonicMs;
    this.#sleepers.clear();
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }
}

/** Lets everything that is ready run, promises and sockets alike. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
