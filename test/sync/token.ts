// An authenticator app in a test's hand.

import { hotpCode } from "../../otp/hotp.ts";
import { commonSuite, responseTo } from "../../otp/response.ts";
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

/** A token that answers challenges. */
export class Responder {
  readonly suite: string;
  readonly #secret: Uint8Array;
  readonly #clock: { wallMs(): number };

  constructor(clock: { wallMs(): number }, secret: string, suite: string = commonSuite) {
    this.#clock = clock;
    this.#secret = fromBase32(secret);
    this.suite = suite;
  }

  to(challenge: string): string {
    const key = { secret: this.#secret, suite: this.suite };
    return responseTo(key, challenge.replaceAll(" ", ""), this.#clock.wallMs());
  }

  /** What a person types who reads the prompt. */
  readonly answer = (_shown: readonly string[], prompt: string): string => this.to(challengeIn(prompt));
}

export function challengeIn(prompt: string): string {
  const [, challenge] = /(\d{4} \d{4})\. /.exec(prompt) ?? [];
  if (challenge === undefined) throw new Error(`no challenge in "${prompt}"`);
  return challenge;
}

function fromBase32(text: string): Uint8Array {
  const bytes = base32(text);
  if (bytes === undefined) throw new Error("not base32");
  return bytes;
}
