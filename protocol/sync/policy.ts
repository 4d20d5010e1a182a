// What an admin wants for a group of users. Every field is there in every policy: nothing is left to a default that the
// two sides could disagree on. `defaultPolicy` is what a new server starts with.

import * as v from "valibot";
import { kinds } from "../../words/kind.ts";
import { algorithms } from "../../otp/hotp.ts";
import { leastPinLength, mostPinLength, pinComplexities, pinPlaces } from "../../otp/pin.ts";
import { answerableSuite, suiteForm } from "../../otp/response.ts";
import { harmless } from "../../words/harmless.ts";
import { wholeNumberUpTo } from "./encoding.ts";

export const authenticatorTypes = ["totp", "hotp", "backup-codes", "ocra"] as const;
export type AuthenticatorType = (typeof authenticatorTypes)[number];

/** Those that are one secret, in an app or a token. */
export const keyTypes = ["totp", "hotp", "ocra"] as const;
export type KeyType = (typeof keyTypes)[number];

/** What a challenge-response key computes (RFC 6287 section 6). */
export const ocraSuiteName = v.pipe(
  v.string(),
  v.check((name) => answerableSuite(name) !== undefined, `give a suite like ${suiteForm}`),
);

/** Codes that the server sends to the person, for one sign-in: without the server there are none. */
export const sentTypes = ["email", "sms"] as const;
export type SentType = (typeof sentTypes)[number];

export const factorTypes = [...authenticatorTypes, ...sentTypes] as const;
export type FactorType = (typeof factorTypes)[number];

export function isSentType(type: unknown): type is SentType {
  return sentTypes.some((sent) => sent === type);
}

/** One question of a sign-in: an answer by any one of these types does. */
const questionOf = <T extends FactorType>(types: readonly T[]) =>
  v.pipe(
    v.array(
      v.picklist(types, ({ input, expected, received }) =>
        isSentType(input)
          ? `${input} can't be asked offline: only the server can send a code`
          : `Invalid type: Expected ${expected} but received ${received}`,
      ),
    ),
    v.minLength(1),
    v.maxLength(8),
  );
export const questionSchema = questionOf(factorTypes);

/** The questions asked one after the other. All are asked before any is judged. */
const factorsSchema = v.pipe(v.array(questionSchema), v.minLength(1), v.maxLength(3));
export type Factors = v.InferOutput<typeof factorsSchema>;
const offlineFactorsSchema = v.pipe(v.array(questionOf(authenticatorTypes)), v.minLength(1), v.maxLength(3));
export type OfflineFactors = v.InferOutput<typeof offlineFactorsSchema>;

/** One line that a terminal shows as it stands; empty for none. */
const line = (mostLetters: number) =>
  v.pipe(
    v.string(),
    v.maxLength(mostLetters, `give at most ${mostLetters} characters`),
    v.check((text) => harmless(text) === text, "give one line without control or invisible characters"),
  );

export const policySchema = v.strictObject({
  /** `exempt`: no second factor is asked of these users. */
  mfa: v.picklist(["required", "exempt"]),
  /** The kinds of sign-in at which a second factor is asked; `["remote"]` is "remote only". */
  scope: v.array(v.picklist(kinds)),
  online: v.strictObject({ factors: factorsSchema }),
  offline: v.strictObject({
    /** Days after the last online MFA; 0 = no offline sign-in. */
    days: wholeNumberUpTo(366),
    /** Offline sign-ins after the last online MFA; null = no limit but the days. */
    signIns: v.nullable(wholeNumberUpTo(100_000, 1)),
    factors: offlineFactorsSchema,
  }),
  /** So many wrong answers in a row lock offline sign-in for so many minutes; failures 0 = off. */
  lockout: v.strictObject({ failures: wholeNumberUpTo(100), minutes: wholeNumberUpTo(10_080, 1) }),
  /** The wrong answers in all that a machine takes offline between two online MFAs of the user. */
  guessLimit: wholeNumberUpTo(10_000, 1),
  /**
   * Unlocks without a code after a full sign-in, same boot and user: so many unlocks and so many minutes.
   * 0 for one of them = not limited by it; 0 for both = off.
   */
  grace: v.strictObject({ unlocks: wholeNumberUpTo(100), minutes: wholeNumberUpTo(1_440) }),
  /** What happens to the machine after an online MFA: enrolled, the user is asked, or nothing. */
  enrol: v.picklist(["automatic", "ask", "off"]),
  /** The server is out of reach and the user is not enrolled here: no sign-in, or one without a second factor. */
  unreachable: v.picklist(["deny", "skip"]),
  /** Time steps looked at beside the present one. */
  totpWindow: v.strictObject({ past: wholeNumberUpTo(10), future: wholeNumberUpTo(10) }),
  hotpLookAhead: wholeNumberUpTo(100),
  /**
   * Whether a help desk may let people in who can't sign in offline any more, by an answer to a challenge on the screen;
   * `on-also-clock`: on machines that don't know the time, too.
   */
  helpDesk: v.picklist(["off", "on", "on-also-clock"]),
  /**
   * What TOTP codes are checked by offline: the user's own authenticators, HOTP among them, or a seed that the server derives
   * for each machine, so that one machine's bundle says nothing about another's or about the user's own.
   */
  seeds: v.picklist(["shared", "per-machine"]),
  /** What people read at a sign-in that asks them: `login` before the first question, `help` when it was not granted. */
  texts: v.strictObject({
    login: line(250),
    help: line(250),
    /** Where a password is changed: shown with the login text. */
    passwordUrl: v.pipe(
      line(200),
      v.check(
        (text) => text === "" || (/^https:\/\/[\x21-\x7e]+$/.test(text) && URL.canParse(text)),
        "give an address that begins with https://",
      ),
    ),
  }),
  /** What authenticators may be made, and with which parameters; null: as the one who makes it wants. Others stay as they are. */
  tokens: v.strictObject({
    types: v.pipe(v.array(v.picklist(keyTypes)), v.maxLength(keyTypes.length)),
    /** Of TOTP and HOTP keys; a challenge-response key has its suite. */
    algorithm: v.nullable(v.picklist(algorithms)),
    digits: v.nullable(v.picklist([6, 7, 8])),
    periodSeconds: v.nullable(wholeNumberUpTo(300, 10)),
    ocraSuite: v.nullable(ocraSuiteName),
  }),
  /** What people know beside what they have: typed in front of or behind each code or response of an app or token, and judged with it as one. */
  pin: v.strictObject({
    place: v.picklist(pinPlaces),
    /** Looked at when a PIN is set; those that are there stay as they are. */
    leastLength: wholeNumberUpTo(mostPinLength, leastPinLength),
    complexity: v.picklist(pinComplexities),
    /** Of one character alone, or a row such as 1234. */
    trivial: v.picklist(["refused", "allowed"]),
    /** So many wrong PINs in a row, each with a right code, lock the PIN until somebody resets it. */
    attempts: wholeNumberUpTo(100, 1),
  }),
});
export type Policy = v.InferOutput<typeof policySchema>;

export const defaultPolicy: Policy = {
  mfa: "required",
  scope: [...kinds],
  online: { factors: [["totp", "hotp", "backup-codes"]] },
  offline: { days: 7, signIns: 50, factors: [["totp", "hotp", "backup-codes"]] },
  lockout: { failures: 5, minutes: 15 },
  guessLimit: 50,
  grace: { unlocks: 0, minutes: 0 },
  enrol: "automatic",
  unreachable: "deny",
  totpWindow: { past: 1, future: 1 },
  hotpLookAhead: 10,
  helpDesk: "on",
  seeds: "shared",
  texts: { login: "", help: "", passwordUrl: "" },
  tokens: { types: [...keyTypes], algorithm: null, digits: null, periodSeconds: null, ocraSuite: null },
  pin: { place: "none", leastLength: 4, complexity: "decimal", trivial: "refused", attempts: 5 },
};
