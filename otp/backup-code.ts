// Backup codes: ten single-use codes of 50 bits on paper, for when nothing else works. Kept only as Argon2id hashes.

import { argon2, timingSafeEqual } from "node:crypto";
import type { Random } from "../words/random.ts";

// 31 letters and digits, without those that are mistaken for one another: I, L, O, 0, 1.
const alphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";
const length = 11;
export const backupCodeCount = 10;

/** Cost of one Argon2id hash, RFC 9106: memory in KiB, passes, lanes. The codes are random, so this is a second wall. */
export const backupCodeCost = { memory: 19_456, passes: 2, parallelism: 1 } as const;

/** A hash of each code under one salt for the set: one Argon2id computation judges a typed code against them all. */
export interface BackupCodeSet {
  readonly salt: Uint8Array;
  readonly codes: readonly { readonly id: number; readonly hash: Uint8Array }[];
}

/** One code of 11 characters out of 31 (54 bits), without modulo bias. */
export function makeBackupCode(random: Random): string {
  let code = "";
  while (code.length < length)
    for (const byte of random.bytes(length))
      if (byte < 248 && code.length < length) code += alphabet.charAt(byte % 31);
  return code;
}

/** As shown to people: `ABCD-EFGH-JKM`. */
export function formatBackupCode(code: string): string {
  return code.replace(/(.{4})(.{4})(.*)/, "$1-$2-$3");
}

/** The code that was meant, or undefined if the text can't be one (then nothing needs to be hashed). */
export function normaliseBackupCode(typed: string): string | undefined {
  const code = typed.replaceAll(/[\s-]/g, "").replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
  return code.length === length && [...code].every((letter) => alphabet.includes(letter)) ? code : undefined;
}

/** Argon2id of a normalised code, 32 bytes. */
export function hashBackupCode(code: string, salt: Uint8Array): Promise<Uint8Array> {
  const options = { ...backupCodeCost, message: code, nonce: salt, tagLength: 32 };
  return new Promise((resolve, reject) => {
    argon2("argon2id", options, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

/** The id of the unused code with this hash, or undefined. Compares with every one of the set. */
export function judgeBackupCode(
  set: BackupCodeSet,
  hash: Uint8Array,
  usedIds: readonly number[],
): number | undefined {
  let found: number | undefined;
  for (const code of set.codes) {
    const same = code.hash.length === hash.length && timingSafeEqual(code.hash, hash);
    if (same && !usedIds.includes(code.id)) found = code.id;
  }
  return found;
}
