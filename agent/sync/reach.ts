// Whether the server can be reached, remembered, so that a dead network costs the next sign-in no wait.

import type { Log } from "../log/log.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { EventDraft } from "../state/outbox.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
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

/** Changes of reachability are events; an answer that was not the server's says so. A record that can't be kept stops nothing. */
export function noteReach(
  keeper: StateKeeper,
  timekeeper: Timekeeper,
  state: Reachability,
  why: Weather | null,
  log: Log,
): void {
  if (keeper.condition().state !== "healthy") return;
  const foreign = why === "certificate-refused" || why === "certificate-dated" || why === "not-the-server";
  const kind =
    state === "reachable" ? "server-reachable" : foreign ? "server-not-trusted" : "server-unreachable";
  const event: EventDraft = { kind, ...(why === null ? {} : { reason: why }) };
  try {
    const { moment, wallMs } = timekeeper.now(keeper.store().head.time);
    keeper.commit({ nowMs: moment.nowMs, wallMs, events: [event] });
  } catch (error) {
    log.error("an event could not be kept", { kind, error });
  }
}
