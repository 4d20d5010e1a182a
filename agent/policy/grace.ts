// Unlocks without a code for a while after a full sign-in of the same user in the same boot. Pure.
// Suspension counts: a laptop that slept through its minutes asks again.

import { minuteMs } from "../../words/clock.ts";
import type { Moment } from "./moment.ts";

export interface Grace {
  readonly bootId: string;
  readonly sinceBootMs: number;
  readonly unlocksUsed: number;
}

export interface GraceRule {
  /** 0 = not limited by number. */
  readonly unlocks: number;
  /** 0 = not limited by time. */
  readonly minutes: number;
}

/** After a full sign-in, online or offline. */
export function beginGrace(moment: Moment): Grace {
  return { bootId: moment.bootId, sinceBootMs: moment.sinceBootMs, unlocksUsed: 0 };
}

/** The grace with one unlock spent, or undefined when a code has to be asked for. */
export function spendUnlock(grace: Grace | null, rule: GraceRule, moment: Moment): Grace | undefined {
  if (grace === null || (rule.unlocks === 0 && rule.minutes === 0)) return undefined;
  if (grace.bootId !== moment.bootId || moment.sinceBootMs < grace.sinceBootMs) return undefined;
  if (rule.minutes > 0 && moment.sinceBootMs - grace.sinceBootMs >= rule.minutes * minuteMs) return undefined;
  if (rule.unlocks > 0 && grace.unlocksUsed >= rule.unlocks) return undefined;
  return { ...grace, unlocksUsed: grace.unlocksUsed + 1 };
}
