// Whatever can be guessed at on the server's own pages goes this way: is there a wait; the slow work, in its lane; then, in one
// transaction, whether there is a wait by now, and the judgement. Others may have failed while it was being worked out: those
// in flight at once are no free guesses.

import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { lookAlikeKey, parseUserName } from "../../words/user-name.ts";
import type { PasswordCost } from "../accounts/password.ts";
import type { Vault } from "../identity/vault.ts";
import type { Store, Tx } from "../store/store.ts";
import type { SlowLane } from "../verification/slow-lane.ts";
import { blockedUntil, type Throttled, throttlesOf } from "./throttle.ts";

/** What the ways in are made of. */
export interface WayInParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly lane: SlowLane;
}

/** Of those that take a password. */
export interface PasswordWayParts extends WayInParts {
  readonly passwordCost: PasswordCost;
}

export type Held =
  | { readonly kind: "wait"; readonly untilMs: number }
  /** Too many are at it. */
  | { readonly kind: "busy" };

type Judging<T> = (tx: Tx, nowMs: number) => Promise<T>;

export class Guesses {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #lane: SlowLane;

  constructor({ store, clock, lane }: Pick<WayInParts, "store" | "clock" | "lane">) {
    this.#store = store;
    this.#clock = clock;
    this.#lane = lane;
  }

  /** `prepare` decides nothing: it is done before the transaction, because it takes its time. */
  async prepared<P, T>(
    throttled: readonly Throttled[],
    prepare: () => Promise<P>,
    judge: (tx: Tx, prepared: P, nowMs: number) => Promise<T>,
  ): Promise<T | Held> {
    const untilMs = await blockedUntil(this.#store.db, throttled, this.#clock.wallMs());
    if (untilMs !== undefined) return { kind: "wait", untilMs };
    const passed = await this.#lane.pass(this, prepare);
    if (passed === undefined) return { kind: "busy" };
    return this.atOnce(throttled, (tx, nowMs) => judge(tx, passed.value, nowMs));
  }

  /** Where nothing is slow. */
  atOnce<T>(throttled: readonly Throttled[], judge: Judging<T>): Promise<T | Held> {
    return this.#store.write(async (tx): Promise<T | Held> => {
      const nowMs = this.#clock.wallMs();
      const untilMs = await blockedUntil(tx, throttled, nowMs);
      return untilMs === undefined ? judge(tx, nowMs) : { kind: "wait", untilMs };
    });
  }
}

/** What was typed for a name, as names are counted; one that can't be one is counted as it was typed. */
export function typedLookAlike(name: string): string {
  const parsed = parseUserName(name);
  return parsed.ok ? lookAlikeKey(parsed.value) : `not a name: ${name}`;
}

export function throttlesOfTyped(vault: Vault, name: string, address: string): Throttled[] {
  return throttlesOf(vault, typedLookAlike(name), address);
}
