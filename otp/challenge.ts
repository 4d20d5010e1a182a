// The challenge of one dialogue, drawn by whoever will judge the response: the server, or the agent while it is offline. Pure.

import { minuteMs } from "../words/clock.ts";
import type { Random } from "../words/random.ts";
import { randomDigits } from "./code.ts";

export const challengeDigits = 8;
/** A dialogue lasts three minutes. */
export const challengeLifeMs = 10 * minuteMs;
/** As many as one user can have dialogues open at one machine. */
export const mostUnanswered = 8;
/** Several servers on one database have a clock each. */
const clocksDifferMs = minuteMs;

/** Numbers from here on have seven hexadecimal digits: no two of them are the same question (see `questionInput`). */
const least = 0x100_0000;

/** Given to one dialogue or several, and answered in none of them. */
export interface OpenChallenge {
  readonly digits: string;
  readonly drawnAtMs: number;
  /** The last time. Both by one clock, the same for all that are compared. */
  readonly givenAtMs: number;
}

/** Eight digits, the first of them no zero. */
export function drawChallenge(random: Random): string {
  for (;;) {
    const digits = randomDigits(challengeDigits, random);
    if (Number(digits) >= least) return digits;
  }
}

export function isOpen({ givenAtMs }: OpenChallenge, nowMs: number): boolean {
  return nowMs < givenAtMs + challengeLifeMs;
}

/**
 * For a dialogue that has none. `given`: those of one user at one machine that nobody has answered. Where there are as many of
 * these as dialogues can be open, it is the one that was given longest ago: else whoever has seen responses could begin
 * dialogues until a challenge comes up that was answered before. Of all dialogues that were given it the first answer ends it.
 */
export function nextChallenge(given: readonly OpenChallenge[], random: Random, nowMs: number): OpenChallenge {
  const open = given.filter((one) => isOpen(one, nowMs));
  const [oldest] = open.toSorted((a, b) => a.givenAtMs - b.givenAtMs);
  if (oldest !== undefined && open.length >= mostUnanswered) return { ...oldest, givenAtMs: nowMs };
  let digits = drawChallenge(random);
  while (open.some((one) => one.digits === digits)) digits = drawChallenge(random);
  return { digits, drawnAtMs: nowMs, givenAtMs: nowMs };
}

/**
 * That an authenticator has answered challenges drawn until then; null where that is not to be believed. No challenge was drawn
 * in the future: what is said to be was, by a clock that has been set back since, or never was. Until that time comes, every
 * challenge would be over when it is answered.
 */
export function usedThrough(saidMs: number | null, nowMs: number): number | null {
  return saidMs === null || saidMs > nowMs + clocksDifferMs ? null : saidMs;
}

/** Whether its response is good no more. `drawnAtMs` and `saidMs`: by the clocks of servers. */
export function isUsed(drawnAtMs: number, saidMs: number | null, nowMs: number): boolean {
  const throughMs = usedThrough(saidMs, nowMs);
  return throughMs !== null && drawnAtMs <= throughMs;
}
