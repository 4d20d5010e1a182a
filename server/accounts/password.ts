// Passwords of the server's own pages: what may be one, and how it is kept.

import { argon2, timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import type { Random } from "../../words/random.ts";

/** Of one Argon2id hash, RFC 9106: memory in KiB, passes, lanes. */
export interface PasswordCost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** Twice what OWASP asks for at least. */
export const passwordCost: PasswordCost = { memory: 38_912, passes: 2, parallelism: 1 };

const leastCharacters = 12;
const mostBytes = 200;

/** The hash and what it was made with; the bounds hold for what a database may ask this process to compute. */
const keptSchema = v.strictObject({
  memory: v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(262_144)),
  passes: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)),
  parallelism: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4)),
  salt: v.string(),
  hash: v.string(),
});
export type KeptPassword = v.InferOutput<typeof keptSchema>;

/**
 * By length, as NIST SP 800-63B asks: no rule about sorts of characters. Refused are those that are one character or a
 * row of them again and again, and those made around the user's name.
 */
export function checkPassword(typed: string, userName: string): Parsed<string> {
  const password = typed.normalize("NFC");
  if ([...password].length < leastCharacters)
    return unparsed(`a password has at least ${leastCharacters} characters; a few words in a row are fine`);
  if (Buffer.byteLength(password, "utf8") > mostBytes)
    return unparsed(`a password has at most ${mostBytes} bytes`);
  if (/^(.{1,4})\1+.{0,3}$/u.test(password) || new Set(password.toLowerCase()).size < 5)
    return unparsed("this password repeats itself; take one that is harder to guess");
  const name = userName.toLowerCase().split("@")[0] ?? "";
  const left = password.toLowerCase().replaceAll(name, "");
  if (name.length >= 3 && [...left].length < leastCharacters / 2)
    return unparsed("this password is made of the user's name; take one that is harder to guess");
  return parsed(password);
}

export async function keepPassword(
  password: string,
  cost: PasswordCost,
  random: Random,
): Promise<KeptPassword> {
  const salt = random.bytes(16);
  const hash = await hashOf(password, cost, salt);
  return { ...cost, salt: salt.toBase64(), hash: hash.toBase64() };
}

/** @throws Error when it is no kept password: damaged is never taken for absent. */
export function readKept(content: Uint8Array): KeptPassword {
  return v.parse(keptSchema, JSON.parse(Buffer.from(content).toString("utf8")));
}

/** For nobody (no such user, no password): takes as long as one of this cost, and comes to nothing. */
export async function isPassword(
  typed: string,
  kept: KeptPassword | undefined,
  cost: PasswordCost,
): Promise<boolean> {
  // What no password can be is not hashed at its length, but the work is done.
  const password = Buffer.byteLength(typed, "utf8") > mostBytes ? "" : typed.normalize("NFC");
  if (kept === undefined) {
    await hashOf(password, cost, new Uint8Array(16));
    return false;
  }
  const hash = await hashOf(password, kept, Buffer.from(kept.salt, "base64"));
  const expected = Buffer.from(kept.hash, "base64");
  return password !== "" && hash.length === expected.length && timingSafeEqual(hash, expected);
}

/** Whether it should be made anew, now that the password is at hand. */
export function isOutdated(kept: KeptPassword, { memory, passes, parallelism }: PasswordCost): boolean {
  return kept.memory !== memory || kept.passes !== passes || kept.parallelism !== parallelism;
}

function hashOf(password: string, cost: PasswordCost, salt: Uint8Array): Promise<Uint8Array> {
  const { memory, passes, parallelism } = cost;
  const options = { memory, passes, parallelism, message: password, nonce: salt, tagLength: 32 };
  return new Promise((resolve, reject) => {
    argon2("argon2id", options, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}
