// An authenticator app in a test's hand.

import { hotpCode } from "../../otp/hotp.ts";
import { timeStep } from "../../otp/totp.ts";
import { fromBase32 as base32 } from "../../words/base32.ts";
import type { FakeClock } from "../fakes/clock.ts";

/** Codes of an authenticator app that shows the house's true time. */
export class Token {
  readonly secret: string;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, secret: string) {
    this.#clock = clock;
    this.secret = secret;
  }

  get bytes(): Uint8Array {
    return fromBase32(this.secret);
  }

  code(offsetMs = 0, atMs = this.#clock.wallMs()): string {
    const key = { secret: this.bytes, algorithm: "sha1", digits: 6 } as const;
    return hotpCode(key, timeStep(30, atMs + offsetMs));
  }
}

function fromBase32(text: string): Uint8Array {
  const bytes = base32(text);
  if (bytes === undefined) throw new Error("not base32");
  return bytes;
}
