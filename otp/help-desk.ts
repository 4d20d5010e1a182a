// Help-desk unlock: the challenge that a machine shows, and the answer that the server gives for it. Both sides compute it
// here, with a key that only this machine and the server have for this user.

import { timingSafeEqual } from "node:crypto";
import { hourMs } from "../words/clock.ts";
import type { Random } from "../words/random.ts";
import { isCode, normaliseDigits, randomDigits } from "./code.ts";
import { ocraCode, ocraSuite } from "./ocra.ts";

export const unlockKeyBytes = 32;
export const unlockAnswerDigits = 8;

/**
 * A machine that knows the hour shows 8 digits; one whose clock was turned back shows 10, for an answer without the hour.
 * The suite's name is part of what is computed (RFC 6287 section 5.1): no answer of one kind is one of the other.
 */
const suites = {
  hourly: { suite: ocraSuite("OCRA-1:HOTP-SHA256-8:QN08-T1H"), digits: 8 },
  timeless: { suite: ocraSuite("OCRA-1:HOTP-SHA256-8:QN10"), digits: 10 },
} as const;
export type ChallengeKind = keyof typeof suites;

/** Evenly spread over all texts of that many digits. */
export function makeChallenge(kind: ChallengeKind, random: Random): string {
  return randomDigits(suites[kind].digits, random);
}

/** Undefined for a text that can't be a challenge. */
export function challengeKind(challenge: string): ChallengeKind | undefined {
  if (isCode(challenge, suites.hourly.digits)) return "hourly";
  return isCode(challenge, suites.timeless.digits) ? "timeless" : undefined;
}

/** The challenge as read out and typed, without spaces and hyphens; undefined for what can't be one. */
export function parseChallenge(typed: string): string | undefined {
  const challenge = normaliseDigits(typed);
  return challengeKind(challenge) === undefined ? undefined : challenge;
}

/** The answer as typed; undefined for what can't be one. */
export function parseUnlockAnswer(typed: string): string | undefined {
  const answer = normaliseDigits(typed);
  return isCode(answer, unlockAnswerDigits) ? answer : undefined;
}

/** The answer of the hour that `atMs` is in. @throws RangeError for what is no challenge. */
export function unlockAnswer(key: Uint8Array, challenge: string, atMs: number): string {
  if (challengeKind(challenge) === "timeless")
    return ocraCode(suites.timeless.suite, key, { question: challenge });
  return ocraCode(suites.hourly.suite, key, { question: challenge, timeStep: Math.floor(atMs / hourMs) });
}

/**
 * Whether it is the answer of the hour that `nowMs` is in, or of one beside it: a call may go on over the full hour, and
 * the clock of a machine that was out of reach for long is not the server's to the minute. All are compared in constant time.
 */
export function isUnlockAnswer(key: Uint8Array, challenge: string, answer: string, nowMs: number): boolean {
  if (!isCode(answer, unlockAnswerDigits)) return false;
  const typed = Buffer.from(answer, "ascii");
  let right = false;
  for (const hour of [-1, 0, 1]) {
    const atMs = Math.max(0, nowMs + hour * hourMs);
    if (timingSafeEqual(Buffer.from(unlockAnswer(key, challenge, atMs), "ascii"), typed)) right = true;
  }
  return right;
}

/** As read out: `1234 5678`, `12345 67890`. */
export function inGroups(digits: string): string {
  const half = digits.length / 2;
  return `${digits.slice(0, half)} ${digits.slice(half)}`;
}
