// When a message that did not go out is tried again. Pure.

import { minuteMs, secondMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";

/**
 * Doubling from 5 s to 15 min, a code's from 2 s to 30 s, half of each wait at random: what failed together is not tried
 * together again.
 */
export function waitMs(tries: number, urgent: boolean, random: Random): number {
  const [first, most] = urgent ? [2 * secondMs, 30 * secondMs] : [5 * secondMs, 15 * minuteMs];
  const whole = Math.min(most, first * 2 ** Math.min(tries - 1, 20));
  const [chance = 0] = random.bytes(1);
  return Math.round(whole / 2 + (whole / 2) * (chance / 255));
}
