// HOTP, RFC 4226: which counter a code belongs to. Pure: the caller spends what is found before it tells anybody.

import { timingSafeEqual } from "node:crypto";
import { createGuardrails } from "@otplib/core";
import { generateSync } from "@otplib/hotp";
import { NodeCryptoPlugin } from "@otplib/plugin-crypto-node";
import { isCode } from "./code.ts";

export const algorithms = ["sha1", "sha256", "sha512"] as const;
export type Algorithm = (typeof algorithms)[number];

export interface HotpKey {
  readonly secret: Uint8Array;
  readonly algorithm: Algorithm;
  /** 6 to 8. */
  readonly digits: 6 | 7 | 8;
}

const crypto = new NodeCryptoPlugin();
// Existing tokens have secrets shorter than the 16 bytes RFC 4226 asks for; whoever adds one is warned there.
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 10, MAX_SECRET_BYTES: 128 });
/** The one behind it must be a number, too. A machine may say of any counter that it is the next. */
const lastCounter = Number.MAX_SAFE_INTEGER - 1;

/** The code of one counter, RFC 4226 section 5.3. */
export function hotpCode(key: HotpKey, counter: number): string {
  return generateSync({ ...key, counter, crypto, guardrails });
}

/**
 * The counters from `from` to `to` (both included) whose code is `code`, rising: none, one, or once in a long while two.
 * All are computed and compared in constant time, so that how long it takes does not tell which one matched.
 */
export function findCounters(key: HotpKey, code: string, from: number, to: number): number[] {
  if (!isCode(code, key.digits)) return [];
  const typed = Buffer.from(code, "ascii");
  const found: number[] = [];
  for (let counter = Math.max(0, from); counter <= Math.min(to, lastCounter); counter++)
    if (timingSafeEqual(Buffer.from(hotpCode(key, counter), "ascii"), typed)) found.push(counter);
  return found;
}

/**
 * Judges a code against the next unused `counter` and `lookAhead` more (RFC 4226 section 7.4).
 * Returns the counter to go on from once the code is spent, or undefined for a wrong or used code. Of two counters with
 * the same code it takes the first: going on from a later one than the token's would refuse the token's next codes.
 */
export function judgeHotp(
  key: HotpKey,
  code: string,
  counter: number,
  lookAhead: number,
): number | undefined {
  const [found] = findCounters(key, code, counter, counter + lookAhead);
  return found === undefined ? undefined : found + 1;
}
