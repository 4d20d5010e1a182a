// TOTP, RFC 6238: HOTP over time steps. Pure: the caller spends the step that is found before it tells anybody.

import { findCounters, type HotpKey } from "./hotp.ts";

export interface TotpKey extends HotpKey {
  readonly periodSeconds: number;
}

/** How many steps beside the present one are looked at (RFC 6238 section 5.2). */
export interface TotpWindow {
  readonly past: number;
  readonly future: number;
}

/** The time step of a moment, with T0 = 0 (RFC 6238 section 4.2). */
export function timeStep(periodSeconds: number, atMs: number): number {
  return Math.floor(atMs / 1000 / periodSeconds);
}

/**
 * Judges a code at `nowMs`. Steps up to and including `lastStep` are spent and never looked at.
 * Returns the step to spend, or undefined for a wrong or used code. Of two steps in the window with the same code it is
 * the later one, so that these digits are not good a second time.
 */
export function judgeTotp(
  key: TotpKey,
  code: string,
  lastStep: number | null,
  window: TotpWindow,
  nowMs: number,
): number | undefined {
  const step = timeStep(key.periodSeconds, nowMs);
  const from = Math.max(step - window.past, lastStep === null ? 0 : lastStep + 1);
  return findCounters(key, code, from, step + window.future).at(-1);
}
