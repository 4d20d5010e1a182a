// The challenge of one dialogue, drawn by whoever will judge the response: the server, or the agent while it is offline. Pure.

import { minuteMs } from "../words/clock.ts";
import type { Random } from "../words/random.ts";
import { randomDigits } from "./code.ts";

export const challengeDigits = 8;
/** A dialogue lasts three minutes. */
export const challengeLifeMs = 10 * minuteMs;
/** As many as one user can have dialogues open at one machine. */
export const mostUnanswered = 8;

/** Numbers from here on have seven hexadecimal digits: no two of them are the same question (see `questionInput`). */
const least = 0x100_0000;

export interface GivenChallenge {
  readonly dialogue: string;
  readonly digits: string;
  /** By any clock that does not go back; the same for all that are compared. */
  readonly givenAtMs: number;
}

/** Eight digits, the first of them no zero. */
export function drawChallenge(random: Random): string {
  for (;;) {
    const digits = randomDigits(challengeDigits, random);
    if (Number(digits) >= least) return digits;
  }
}

export function isOpen({ givenAtMs }: GivenChallenge, nowMs: number): boolean {
  return nowMs < givenAtMs + challengeLifeMs;
}

/**
 * The challenge of a dialogue, the same however often it is asked for. `given`: those of one user at one machine that nobody
 * has answered. Where there are as many of these as dialogues can be open, the oldest one's is over, and its challenge is
 * `takenFrom` it: else whoever has seen responses could begin dialogues until a challenge comes up that was answered before.
 */
export function challengeOf(
  dialogue: string,
  given: readonly GivenChallenge[],
  random: Random,
  nowMs: number,
): { readonly challenge: GivenChallenge; readonly takenFrom: string | undefined } {
  const open = given.filter((one) => isOpen(one, nowMs));
  const known = open.find((one) => one.dialogue === dialogue);
  if (known !== undefined) return { challenge: known, takenFrom: undefined };
  const [oldest] = open.toSorted((a, b) => a.givenAtMs - b.givenAtMs);
  if (oldest !== undefined && open.length >= mostUnanswered)
    return { challenge: { dialogue, digits: oldest.digits, givenAtMs: nowMs }, takenFrom: oldest.dialogue };
  let digits = drawChallenge(random);
  while (open.some((one) => one.digits === digits)) digits = drawChallenge(random);
  return { challenge: { dialogue, digits, givenAtMs: nowMs }, takenFrom: undefined };
}
