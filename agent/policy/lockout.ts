// So many wrong answers in a row lock offline sign-in for so many minutes. Pure.
//
// Minutes are counted by a clock that can't be set. After a reboot they count from the boot: turning the clock forward,
// or rebooting, never ends a lockout early.

import { minuteMs } from "../../words/clock.ts";
import type { Moment } from "./moment.ts";

export interface FailureCount {
  readonly inARow: number;
  /** When the lock began; null while it is open. */
  readonly lockedAt: { readonly sinceBootMs: number; readonly bootId: string } | null;
}

export interface LockoutRule {
  /** 0 = never locks. */
  readonly failures: number;
  readonly minutes: number;
}

export const noFailures: FailureCount = { inARow: 0, lockedAt: null };

/** Milliseconds until the lock opens; 0 when it is open. */
export function lockedForMs(count: FailureCount, rule: LockoutRule, moment: Moment): number {
  if (count.lockedAt === null || rule.failures === 0) return 0;
  const sameBoot =
    count.lockedAt.bootId === moment.bootId && moment.sinceBootMs >= count.lockedAt.sinceBootMs;
  const passedMs = sameBoot ? moment.sinceBootMs - count.lockedAt.sinceBootMs : moment.sinceBootMs;
  return Math.max(0, rule.minutes * minuteMs - passedMs);
}

/** One more wrong answer. Call only while the lock is open: a lock that has run out starts a new count. */
export function withFailure(count: FailureCount, rule: LockoutRule, moment: Moment): FailureCount {
  const before = count.lockedAt === null ? count.inARow : 0;
  const inARow = before + 1;
  const locks = rule.failures > 0 && inARow >= rule.failures;
  return { inARow, lockedAt: locks ? { sinceBootMs: moment.sinceBootMs, bootId: moment.bootId } : null };
}
