// When to sync: soon after a join and an online MFA, on the policy's schedule with jitter, when the server is back. And
// while it is out of reach, a probe now and then, ever more rarely.

import { type Clock, minuteMs, secondMs } from "../../words/clock.ts";
import type { Reach } from "./reach.ts";

export interface ScheduleParts {
  readonly clock: Clock;
  readonly reach: Reach;
  /** Neither may reject. `overtaken`: given up for a person who waited. */
  readonly sync: () => Promise<"done" | "overtaken">;
  readonly probe: () => Promise<void>;
  /** 0 to 1: how much of a tenth of the interval this machine is early, so that a fleet spreads. */
  readonly spread: () => Promise<number>;
  /** Minutes between two syncs, by policy; undefined while there is nothing to sync. */
  readonly syncMinutes: () => number | undefined;
}

const soonMs = 200;
const firstRetryMs = 5 * secondMs;
const lastRetryMs = 5 * minuteMs;

export class Schedule {
  readonly #parts: ScheduleParts;
  readonly #over = new AbortController();
  #lastSyncMs: number;
  #soon = false;
  #running = 0;
  #recovering = false;

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
    this.#lastSyncMs = parts.clock.monotonicMs();
  }

  /** One runs, or will within a moment. */
  get underWay(): boolean {
    return this.#soon || this.#running > 0;
  }

  /** Several calls in a short while make one sync. */
  soon(): void {
    if (this.#soon || this.#over.signal.aborted) return;
    this.#soon = true;
    this.#detached(async () => {
      await this.#parts.clock.sleep(soonMs, this.#over.signal);
      this.#soon = false;
      await this.now();
    });
  }

  async now(): Promise<void> {
    this.#lastSyncMs = this.#parts.clock.monotonicMs();
    this.#running += 1;
    const outcome = await this.#parts.sync().finally(() => {
      this.#running -= 1;
    });
    if (outcome === "overtaken") this.soon();
  }

  /** Called every minute by cron. */
  async tick(): Promise<void> {
    const minutes = this.#parts.syncMinutes();
    if (minutes === undefined || this.#parts.reach.state === "unreachable") return;
    const early = (await this.#parts.spread()) / 10;
    const dueMs = this.#lastSyncMs + minutes * minuteMs * (1 - early);
    if (this.#parts.clock.monotonicMs() >= dueMs) await this.now();
  }

  /** Called when the server can't be reached any more: tries until it can, then syncs. */
  recover(): void {
    if (this.#recovering) return;
    this.#recovering = true;
    this.#detached(async () => {
      try {
        let waitMs = firstRetryMs;
        while (this.#parts.reach.state === "unreachable") {
          await this.#parts.clock.sleep(waitMs, this.#over.signal);
          waitMs = Math.min(lastRetryMs, waitMs * 2);
          if (this.#parts.reach.state === "unreachable") await this.#parts.probe();
        }
      } finally {
        this.#recovering = false;
      }
      this.soon();
    });
  }

  stop(): void {
    this.#over.abort();
  }

  /** Ends silently when the schedule is stopped. */
  #detached(work: () => Promise<void>): void {
    work().catch(() => undefined);
  }
}
