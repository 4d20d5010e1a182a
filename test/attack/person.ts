// Somebody with an authenticator app, and with the words of a guesser.

import { hotpCode } from "../../otp/hotp.ts";
import { FreshCodes, stepNow } from "../../scripts/parts/codes.ts";
import type { Provisioned } from "../../scripts/parts/server.ts";
import { fromBase32 } from "../../words/base32.ts";

export class Person {
  readonly name: string;
  readonly secret: string;
  readonly id: string;
  readonly #codes: FreshCodes;

  constructor(name: string, made: Provisioned, reach: number) {
    this.name = name;
    this.secret = made.secret;
    this.id = made.id;
    this.#codes = new FreshCodes({ secret: made.secret, periodSeconds: 30 }, reach);
  }

  /** A code never used before. */
  next(): Promise<string> {
    return this.#codes.next();
  }

  /** The code that an app shows `steps` from now. */
  at(steps: number): string {
    return hotpCode(this.#key, stepNow(30) + steps);
  }

  /** At a moment in ms. */
  atMs(ms: number): string {
    return hotpCode(this.#key, Math.floor(ms / 30_000));
  }

  wrong(salt = 0): string {
    const near = new Set(Array.from({ length: 61 }, (_, at) => this.at(at - 30)));
    for (let guess = salt; ; guess++) {
      const code = String((guess * 7_919 + 123_456) % 1_000_000).padStart(6, "0");
      if (!near.has(code)) return code;
    }
  }

  get #key() {
    const secret = fromBase32(this.secret);
    if (secret === undefined) throw new Error("the server's secret is no base32");
    return { secret, algorithm: "sha1", digits: 6 } as const;
  }
}
