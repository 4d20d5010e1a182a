// Codes from a generator that shares no line with ours: oathtool.

import { succeed } from "./program.ts";

export interface TotpAuthenticator {
  /** Base32, as in the otpauth URI. */
  readonly secret: string;
  readonly periodSeconds: number;
  readonly digits?: number;
}

export const stepNow = (periodSeconds: number): number => Math.floor(Date.now() / 1000 / periodSeconds);

export async function totpCode(authenticator: TotpAuthenticator, step: number): Promise<string> {
  const { secret, periodSeconds, digits = 6 } = authenticator;
  const moment = `@${step * periodSeconds}`;
  const flags = ["--totp", `--time-step-size=${periodSeconds}s`, `--digits=${digits}`, `--now=${moment}`];
  return (await succeed(["oathtool", ...flags, "--base32", secret])).trim();
}

export async function hotpCode(secret: string, counter: number): Promise<string> {
  return (await succeed(["oathtool", "--hotp", `--counter=${counter}`, "--base32", secret])).trim();
}

/**
 * Hands out codes that were never used, each from a step later than the one before. With a window of `reach` steps to
 * either side, `2 * reach + 1` can be used at once; after that it waits for the next to come into reach.
 */
export class FreshCodes {
  readonly #authenticator: TotpAuthenticator;
  readonly #reach: number;
  #last = 0;

  constructor(authenticator: TotpAuthenticator, reach = 1) {
    this.#authenticator = authenticator;
    this.#reach = reach;
  }

  async next(): Promise<string> {
    for (;;) {
      // A moment's margin, so that the code is still in the window when it is judged.
      const lateSeconds = this.#authenticator.periodSeconds * 0.2;
      const now = Math.floor((Date.now() / 1000 + lateSeconds) / this.#authenticator.periodSeconds);
      const step = Math.max(now - this.#reach, this.#last + 1);
      if (step <= stepNow(this.#authenticator.periodSeconds) + this.#reach) {
        this.#last = step;
        return totpCode(this.#authenticator, step);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Six digits, or as many as it has, that are no code of any step in reach. */
  async wrong(): Promise<string> {
    const now = stepNow(this.#authenticator.periodSeconds);
    const right = new Set<string>();
    for (let step = now - this.#reach - 2; step <= now + this.#reach + 2; step++)
      right.add(await totpCode(this.#authenticator, step));
    for (let guess = 0; ; guess++) {
      const code = String(guess).padStart(this.#authenticator.digits ?? 6, "0");
      if (!right.has(code)) return code;
    }
  }
}
