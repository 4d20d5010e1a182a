// The server's own lockout, per user, over all machines; apart for root's dialogues and for those that programs of the
// user's own began. Pure.

import type { Policy } from "../../protocol/sync/policy.ts";
import { minuteMs } from "../../words/clock.ts";

export interface Failures {
  /** Wrong sign-ins in a row since the last right one, or since the last lockout began. */
  readonly failures: number;
  /** The first moment at which answers are judged again. */
  readonly lockedUntilMs: number | null;
}

export type CallerClass = "system" | "self";

/** The count that a sign-in of this caller is under. */
export function failuresOf(
  user: Failures & { readonly selfFailures: number; readonly selfLockedUntilMs: number | null },
  caller: CallerClass,
): Failures {
  return caller === "system"
    ? { failures: user.failures, lockedUntilMs: user.lockedUntilMs }
    : { failures: user.selfFailures, lockedUntilMs: user.selfLockedUntilMs };
}

export const noFailures: Failures = { failures: 0, lockedUntilMs: null };

export function isLocked(state: Failures, rule: Policy["lockout"], nowMs: number): boolean {
  return rule.failures > 0 && state.lockedUntilMs !== null && nowMs < state.lockedUntilMs;
}

/** One more wrong sign-in. The one that fills the measure locks. */
export function afterFailure(state: Failures, rule: Policy["lockout"], nowMs: number): Failures {
  const failures = state.failures + 1;
  if (rule.failures === 0 || failures < rule.failures) return { failures, lockedUntilMs: null };
  return { failures: 0, lockedUntilMs: nowMs + rule.minutes * minuteMs };
}
