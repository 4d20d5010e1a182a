// `KEY=VALUE` of the command line, such as `offline.days=3`, put into a policy.

import type { Policy } from "../../protocol/sync/policy.ts";
import { closest } from "../../toml/closest.ts";
import { harmless } from "../../words/harmless.ts";
import { Failure } from "../failure.ts";

type Reader = (text: string) => unknown;

const whole: Reader = (text) => (/^\d{1,9}$/.test(text) ? Number(text) : text);
const word: Reader = (text) => text;
const words: Reader = (text) => (text === "none" ? [] : text.split(","));
const orNone: Reader = (text) => (text === "none" ? null : whole(text));
const orAny =
  (read: Reader): Reader =>
  (text) =>
    text === "any" ? null : read(text);
/** `totp/hotp,backup-codes`: first question TOTP or HOTP, second question a backup code. */
const factors: Reader = (text) => text.split(",").map((question) => question.split("/"));

const keys: Readonly<Record<string, { readonly read: Reader; readonly help: string }>> = {
  mfa: { read: word, help: "required | exempt" },
  scope: { read: words, help: "kinds joined by commas: logon,unlock,elevate,remote; or none" },
  "online.factors": {
    read: factors,
    help: "questions joined by commas, alternatives by slashes: totp/ocra/email,backup-codes; email and sms are sent",
  },
  "offline.days": { read: whole, help: "days after the last online MFA; 0 = no offline sign-in" },
  "offline.signIns": { read: orNone, help: "offline sign-ins after the last online MFA; none = no limit" },
  "offline.factors": { read: factors, help: "as online.factors, without email and sms" },
  "lockout.failures": { read: whole, help: "wrong sign-ins in a row that lock; 0 = off" },
  "lockout.minutes": { read: whole, help: "minutes that a lockout lasts" },
  guessLimit: { read: whole, help: "wrong answers offline between two online MFAs" },
  "grace.unlocks": { read: whole, help: "unlocks without a code after a full sign-in" },
  "grace.minutes": { read: whole, help: "minutes in which they are good" },
  enrol: { read: word, help: "automatic | ask | off" },
  unreachable: { read: word, help: "deny | skip" },
  "totpWindow.past": { read: whole, help: "time steps before the present one" },
  "totpWindow.future": { read: whole, help: "time steps after the present one" },
  hotpLookAhead: { read: whole, help: "counters looked at beyond the next one" },
  helpDesk: { read: word, help: "off | on | on-also-clock" },
  seeds: { read: word, help: "shared | per-machine" },
  "texts.login": { read: word, help: "shown before the first question; empty = nothing" },
  "texts.help": { read: word, help: "shown when a sign-in was not granted; empty = nothing" },
  "texts.passwordUrl": { read: word, help: "https address where a password is changed; empty = none" },
  "tokens.types": { read: words, help: "what may be made: totp,hotp,ocra; or none" },
  "tokens.algorithm": { read: orAny(word), help: "of new ones: sha1 | sha256 | sha512 | any" },
  "tokens.digits": { read: orAny(whole), help: "of new ones: 6 | 7 | 8 | any" },
  "tokens.periodSeconds": { read: orAny(whole), help: "of new TOTP ones: 10 to 300, or any" },
  "tokens.ocraSuite": {
    read: orAny(word),
    help: "of new OCRA ones, such as OCRA-1:HOTP-SHA256-8:QN08; or any",
  },
  "pin.place": { read: word, help: "a PIN with each code of an app or token: none | before | after" },
  "pin.leastLength": { read: whole, help: "characters of a new PIN at least: 4 to 8" },
  "pin.complexity": { read: word, help: "of a new PIN: decimal | alphanumeric | strong" },
  "pin.trivial": { read: word, help: "PINs such as 1234 or aaaa: refused | allowed" },
  "pin.attempts": { read: whole, help: "wrong PINs in a row, with a right code, that lock it: 1 to 100" },
};

/** Each key with what it takes. */
export const assignmentKeys: readonly { readonly name: string; readonly help: string }[] = Object.entries(
  keys,
).map(([name, { help }]) => ({ name, help }));

/** The text that an assignment to this key would have for this value. */
export function assignmentText(name: string, value: unknown): string {
  if (value === null || value === undefined) return keys[name]?.read("none") === null ? "none" : "any";
  if (!Array.isArray(value)) return String(value);
  if (value.length === 0) return "none";
  return value.map((one) => (Array.isArray(one) ? one.join("/") : String(one))).join(",");
}

/** One line a key, for `--help`. */
export const assignmentHelp = Object.entries(keys)
  .map(([key, { help }]) => `  ${key.padEnd(20)} ${help}`)
  .join("\n");

/** @throws Failure for a text that is no assignment to a known key. Whether the value fits is the schema's to say. */
export function assign(present: unknown, assignments: readonly string[]): unknown {
  const policy: Record<string, unknown> = isObject(present) ? { ...present } : {};
  for (const text of assignments) {
    const at = text.indexOf("=");
    const name = text.slice(0, Math.max(0, at));
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined)
      throw new Failure("invalid", `"${harmless(text.slice(0, 100))}" sets nothing; ${advice(text, name)}`);
    const [outer, inner] = name.split(".");
    const value = key.read(text.slice(at + 1));
    if (outer === undefined) continue;
    if (inner === undefined) policy[outer] = value;
    else policy[outer] = { ...(policy[outer] as object), [inner]: value };
  }
  return policy;
}

function advice(text: string, name: string): string {
  const meant = closest(name === "" ? text : name, Object.keys(keys));
  if (meant !== undefined) return `did you mean ${meant}=…?`;
  return "KEY=VALUE is wanted, such as offline.days=7; nightlatch-server(8) has all keys";
}

/** A JSON object with all or some of a policy's fields, over the present ones. Unknown fields are left for the schema to refuse. */
export function overlay(present: Policy, given: unknown): unknown {
  if (!isObject(given)) throw new Failure("invalid", "a policy file holds one JSON object");
  const policy: Record<string, unknown> = { ...present };
  for (const [key, value] of Object.entries(given)) {
    const before = policy[key];
    policy[key] = isObject(before) && isObject(value) ? { ...before, ...value } : value;
  }
  return policy;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
