// A PIN before it is kept: which rules hold for a user, and the slow work on one that keeps them, outside of any transaction.

import { changeLock, isPinKey, lockPin, openPin } from "../../otp/pin-lock.ts";
import {
  isTrivial,
  leastPinLength,
  mostPinLength,
  type PinFault,
  type PinRules,
  pinComplexities,
  pinFault,
} from "../../otp/pin.ts";
import type { Random } from "../../words/random.ts";
import { Failure } from "../failure.ts";
import { forUser } from "../policies/matching.ts";
import { listPolicies, type NamedPolicy } from "../policies/policies.ts";
import type { Db } from "../store/store.ts";
import { groupsOfUser } from "../users/users.ts";
import type { NewPin, Pin } from "./pins.ts";

export interface PinDemand extends PinRules {
  /** At the present PIN, when it is changed. */
  readonly attempts: number;
}

/**
 * The strictest of all policies that may hold for the user on some machine and ask for a PIN: there is one PIN, for all of
 * them. Undefined where none asks.
 */
export async function pinRulesOf(db: Db, userId: string): Promise<PinDemand | undefined> {
  return demandAmong(await listPolicies(db), await groupsOfUser(db, userId));
}

/** The same of whoever is in these groups. */
export function demandAmong(
  policies: readonly NamedPolicy[],
  groups: readonly string[],
): PinDemand | undefined {
  const asking = forUser(policies, groups)
    .map(({ policy }) => policy.pin)
    .filter(({ place }) => place !== "none");
  if (asking.length === 0) return undefined;
  const hardest = Math.max(...asking.map(({ complexity }) => pinComplexities.indexOf(complexity)));
  return {
    leastLength: Math.max(...asking.map(({ leastLength }) => leastLength)),
    complexity: pinComplexities[hardest] ?? "strong",
    trivial: asking.some(({ trivial }) => trivial === "refused") ? "refused" : "allowed",
    attempts: Math.min(...asking.map(({ attempts }) => attempts)),
  };
}

/** Of anybody, anywhere. */
export async function isPinAsked(db: Db): Promise<boolean> {
  return (await listPolicies(db)).some(({ policy }) => policy.pin.place !== "none");
}

/** What holds where nobody asks for a PIN yet. */
export const plainRules: PinRules = {
  leastLength: leastPinLength,
  complexity: "decimal",
  trivial: "refused",
};

/** In place of none, or of one that nobody at hand knows. */
export async function freshPin(typed: string, random: Random): Promise<NewPin> {
  return { ...(await lockPin(typed, random)), length: typed.length };
}

/** In place of one that is known: what it opens stays the same. Undefined where `old` is not the present PIN. */
export async function changedPin(present: Pin, old: string, typed: string): Promise<NewPin | undefined> {
  const key = await openPin(old, present.lock);
  if (!isPinKey(key, present.key)) return undefined;
  return { lock: changeLock(present.lock, old, typed), key, length: typed.length };
}

const faults: Readonly<Record<PinFault, (rules: PinRules) => string>> = {
  "pin-characters": () => "a PIN has letters from A to Z, small or capital, and digits, and nothing else",
  "pin-too-short": ({ leastLength }) => `a PIN has at least ${leastLength} characters here`,
  "pin-too-long": () => `a PIN has at most ${mostPinLength} characters`,
  "pin-needs-both": () => "a PIN needs a letter and a digit here",
  "pin-needs-three": () => "a PIN needs a capital letter, a small letter and a digit here",
  "pin-trivial": () => "a PIN such as 1234, 6543, aaaa or abcd is too easily guessed",
};

/** Which rule a PIN breaks; nothing of what was typed. */
export function pinFaultText(typed: string, rules: PinRules): string | undefined {
  const fault = pinFault(typed, rules);
  return fault && faults[fault](rules);
}

/** @throws Failure that says which rule a PIN breaks, and not what was typed. */
export function checkPin(typed: string, rules: PinRules): void {
  const fault = pinFaultText(typed, rules);
  if (fault !== undefined) throw new Failure("invalid", fault);
}

// Without those that are mistaken for one another.
const alphabets = {
  decimal: ["0123456789"],
  alphanumeric: ["ABCDEFGHJKMNPQRSTUVWXYZ", "23456789"],
  strong: ["ABCDEFGHJKMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz", "23456789"],
} as const;

/** For a user to sign in with once: of six characters at least. */
export function initialPin(rules: PinRules, random: Random): string {
  const length = Math.max(6, rules.leastLength);
  for (;;) {
    let pin = "";
    while (pin.length < length) {
      const letters = alphabets[rules.complexity].join("");
      const [byte = 255] = random.bytes(1);
      if (byte < 256 - (256 % letters.length)) pin += letters.charAt(byte % letters.length);
    }
    if (pinFault(pin, rules) === undefined && !isTrivial(pin)) return pin;
  }
}
