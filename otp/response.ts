// Responses to a challenge, RFC 6287: which suites an authenticator may have, and whether what was typed is right. Pure.

import { timingSafeEqual } from "node:crypto";
import { challengeDigits } from "./challenge.ts";
import { isCode } from "./code.ts";
import { ocraCode, type OcraSuite, ocraSuite } from "./ocra.ts";
import { type TotpWindow, timeStep } from "./totp.ts";

export interface OcraKey {
  readonly secret: Uint8Array;
  /** One that `answerableSuite` knows. */
  readonly suite: string;
}

/** The first of the RFC's own: what everything takes that takes OCRA at all. */
export const commonSuite = "OCRA-1:HOTP-SHA1-6:QN08";

export const suiteForm =
  "OCRA-1:HOTP-SHA1-6:QN08, with SHA1, SHA256 or SHA512, 6 to 8, and -T30S or -T1M behind it or not";

const leastStepSeconds = 10;
const mostStepSeconds = 3_600;

/**
 * A challenge of eight digits, a response of 6 to 8; a time step of 10 seconds to an hour, or none. No counter: it would have
 * to be kept by two sides that can't see each other, and a challenge is good once anyway. No PIN in the token.
 */
export function answerableSuite(name: string): OcraSuite | undefined {
  if (!/^OCRA-1:HOTP-SHA(1|256|512)-[678]:QN08(-T([1-9]|[1-5]\d)[SM]|-T1H)?$/.test(name)) return undefined;
  const suite = ocraSuite(name);
  const { stepSeconds = leastStepSeconds } = suite;
  return stepSeconds >= leastStepSeconds && stepSeconds <= mostStepSeconds ? suite : undefined;
}

/** The response of the time step that `atMs` is in. @throws RangeError for a suite or a challenge that can't be. */
export function responseTo(key: OcraKey, challenge: string, atMs: number): string {
  const suite = ocraSuite(key.suite);
  return suite.stepSeconds === undefined
    ? ocraCode(suite, key.secret, { question: challenge })
    : ocraCode(suite, key.secret, { question: challenge, timeStep: timeStep(suite.stepSeconds, atMs) });
}

/** `window` counts for suites with a time. All steps are compared, in constant time. */
export function isResponse(
  key: OcraKey,
  challenge: string,
  response: string,
  window: TotpWindow,
  nowMs: number,
): boolean {
  const { digits, stepSeconds } = ocraSuite(key.suite);
  if (!isCode(response, digits) || !isCode(challenge, challengeDigits)) return false;
  const typed = Buffer.from(response, "ascii");
  const [past, future] = stepSeconds === undefined ? [0, 0] : [window.past, window.future];
  let right = false;
  for (let step = -past; step <= future; step++) {
    const atMs = Math.max(0, nowMs + step * (stepSeconds ?? 0) * 1_000);
    if (timingSafeEqual(Buffer.from(responseTo(key, challenge, atMs), "ascii"), typed)) right = true;
  }
  return right;
}
