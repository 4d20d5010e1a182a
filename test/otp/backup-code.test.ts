import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  backupCodeCost,
  formatBackupCode,
  hashBackupCode,
  judgeBackupCode,
  makeBackupCode,
  normaliseBackupCode,
} from "../../otp/backup-code.ts";
import type { Random } from "../../words/random.ts";

const alphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/** The same bytes in every run: SHA-256 of a counter. */
function seeded(): Random {
  let block = 0;
  return {
    bytes: (count) => {
      const bytes = Buffer.alloc(count);
      for (let at = 0; at < count; at += 32)
        createHash("sha256").update(`backup codes ${block++}`).digest().copy(bytes, at);
      return bytes;
    },
  };
}

/** Hands out these bytes, then zeros. */
function scripted(...script: number[]): Random {
  return { bytes: (count) => Uint8Array.from({ length: count }, () => script.shift() ?? 0) };
}

function chiSquare(letters: string): number {
  const expected = letters.length / alphabet.length;
  const seen = new Map<string, number>();
  for (const letter of letters) seen.set(letter, (seen.get(letter) ?? 0) + 1);
  return [...alphabet].reduce((sum, letter) => sum + ((seen.get(letter) ?? 0) - expected) ** 2 / expected, 0);
}

describe("a new backup code", () => {
  test("is 11 characters without those that are mistaken for one another", () => {
    const random = seeded();
    for (let made = 0; made < 500; made++) expect(makeBackupCode(random)).toMatch(/^[A-HJKMNP-Z2-9]{11}$/);
  });

  test("takes each letter for exactly eight byte values, and no byte from 248 on", () => {
    const firstLetters = Array.from({ length: 256 }, (_, byte) =>
      makeBackupCode(scripted(byte, 1)).charAt(0),
    );
    const byteValuesOf = new Map<string, number>();
    for (const letter of firstLetters.slice(0, 248))
      byteValuesOf.set(letter, (byteValuesOf.get(letter) ?? 0) + 1);
    expect([...byteValuesOf.keys()].sort()).toEqual([...alphabet].sort());
    expect(new Set(byteValuesOf.values())).toEqual(new Set([8]));
    // Passed over: the first letter is that of the byte after it.
    expect(new Set(firstLetters.slice(248))).toEqual(new Set([alphabet.charAt(1)]));
  });

  test("goes on asking for chance until it has enough", () => {
    const stuck = Array.from({ length: 22 }, () => 255);
    expect(makeBackupCode(scripted(...stuck, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))).toBe("ABCDEFGHJKM");
  });

  test("has every letter equally often, in each place and in all (chi-square over fixed chance)", () => {
    const random = seeded();
    const codes = Array.from({ length: 6_200 }, () => makeBackupCode(random));
    // 30 degrees of freedom: above 59.7 once in a thousand. Taking all 256 byte values modulo 31 would give some 220 in all.
    expect(chiSquare(codes.join(""))).toBeLessThan(59.7);
    for (let place = 0; place < 11; place++)
      expect(chiSquare(codes.map((code) => code.charAt(place)).join("")), `place ${place}`).toBeLessThan(
        59.7,
      );
  });

  test("never comes twice", () => {
    const random = seeded();
    const codes = Array.from({ length: 5_000 }, () => makeBackupCode(random));
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe("a backup code as people see and type it", () => {
  test("is shown as 4-4-3", () => {
    expect(formatBackupCode("ABCDEFGHJKM")).toBe("ABCD-EFGH-JKM");
  });

  test("is read back from what is shown, in either case, with spaces or hyphens anywhere or nowhere", () => {
    for (const typed of [
      "ABCDEFGHJKM",
      "ABCD-EFGH-JKM",
      "abcd efgh jkm",
      " a b c d e f g h j k m ",
      "aBcD-eFgH-jKm\n",
    ])
      expect(normaliseBackupCode(typed)).toBe("ABCDEFGHJKM");
  });

  test("is read back from what is shown, for every code", () => {
    const random = seeded();
    for (let made = 0; made < 200; made++) {
      const code = makeBackupCode(random);
      expect(normaliseBackupCode(formatBackupCode(code))).toBe(code);
      expect(normaliseBackupCode(formatBackupCode(code).toLowerCase())).toBe(code);
    }
  });

  test.each([
    "",
    "-",
    "ABCDEFGHJK",
    "ABCDEFGHJKMM",
    "ABCDEFGHIJK",
    "ABCDEFGHJKL",
    "OBCDEFGHJKM",
    "0BCDEFGHJKM",
    "1BCDEFGHJKM",
    "ABCDEFGHJK!",
    "ABCD_EFGH_JKM",
    "ABCDEFGHJK\0",
    // A Cyrillic and a full-width A.
    "\u0410BCDEFGHJKM",
    "\uff21BCDEFGHJKM",
    "ABCDEFGHJK𝐌",
    "A".repeat(100_000),
    // Letters whose upper case is one or two ASCII letters: sharp s, long s, and the ligature ff.
    "ßABCDEFGHJ",
    "ßABCDEFGH",
    "ſABCDEFGHJK",
    "\ufb00ABCDEFGHJ",
  ])("can't be %j: undefined, not thrown", (typed) => {
    expect(normaliseBackupCode(typed)).toBeUndefined();
  });

  test("is, for any text, either undefined or 11 letters of the alphabet with nothing made up", () => {
    const nearly = fc.string({
      unit: fc.constantFrom(...alphabet, "ß", "ſ", "ı", "I", "0", "-", " ", "a"),
      maxLength: 14,
    });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: "binary" })), (typed) => {
        const code = normaliseBackupCode(typed);
        if (code === undefined) return;
        expect(code).toMatch(/^[A-HJKMNP-Z2-9]{11}$/);
        expect(typed.replaceAll(/[\s-]/g, "").replaceAll(/[a-z]/g, (letter) => letter.toUpperCase())).toBe(
          code,
        );
      }),
    );
  });
});

describe("the hashes of a set", () => {
  const salt = Buffer.alloc(16, 7);

  test("are Argon2id, 32 bytes, at the stated cost", async () => {
    // The hash is from argon2-cffi 25.1: hash_secret_raw(b"ABCDEFGHJKM", bytes([7]) * 16, 2, 19456, 1, 32, Type.ID).
    expect(backupCodeCost).toEqual({ memory: 19_456, passes: 2, parallelism: 1 });
    const hash = await hashBackupCode("ABCDEFGHJKM", salt);
    expect(hash).toHaveLength(32);
    expect(Buffer.from(hash).toString("hex")).toBe(
      "66d166594886e794d83fa2d23c79b49208488f8efcd97f26492b7515ebb6490d",
    );
  });

  test("differ by code and by salt", async () => {
    const [hash, same, otherCode, otherSalt] = await Promise.all([
      hashBackupCode("ABCDEFGHJKM", salt),
      hashBackupCode("ABCDEFGHJKM", Buffer.alloc(16, 7)),
      hashBackupCode("ABCDEFGHJKN", salt),
      hashBackupCode("ABCDEFGHJKM", Buffer.alloc(16, 8)),
    ]);
    expect(same).toEqual(hash);
    expect(otherCode).not.toEqual(hash);
    expect(otherSalt).not.toEqual(hash);
  });

  test("one hash under the set's salt is enough to find which code was meant", async () => {
    const codes = ["ABCDEFGHJKM", "NPQRSTUVWXY", "Z2345678923"];
    const hashes = await Promise.all(codes.map((code) => hashBackupCode(code, salt)));
    const set = { salt, codes: hashes.map((hash, at) => ({ id: at + 10, hash })) };
    expect(judgeBackupCode(set, hashes[0] ?? salt, [])).toBe(10);
    expect(judgeBackupCode(set, hashes[2] ?? salt, [])).toBe(12);
    expect(judgeBackupCode(set, await hashBackupCode("22222222222", salt), [])).toBeUndefined();
  });
});

describe("judging by hash", () => {
  const hash = (byte: number) => Buffer.alloc(32, byte);
  const set = { salt: Buffer.alloc(16), codes: [1, 2, 3].map((id) => ({ id, hash: hash(id) })) };

  test("a spent id is refused, the others are not", () => {
    expect(judgeBackupCode(set, hash(2), [2])).toBeUndefined();
    expect(judgeBackupCode(set, hash(2), [1, 3])).toBe(2);
    expect(judgeBackupCode(set, hash(3), [1, 2])).toBe(3);
    expect(judgeBackupCode(set, hash(1), [1, 2, 3])).toBeUndefined();
  });

  test("a hash that differs in any one bit is refused", () => {
    fc.assert(
      fc.property(fc.nat(255), (bit) => {
        const other = hash(2);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(judgeBackupCode(set, other, [])).toBeUndefined();
      }),
    );
  });

  test("a hash of another length is refused, not thrown", () => {
    expect(judgeBackupCode(set, Buffer.alloc(0), [])).toBeUndefined();
    expect(judgeBackupCode(set, hash(2).subarray(1), [])).toBeUndefined();
    expect(judgeBackupCode(set, Buffer.alloc(33, 2), [])).toBeUndefined();
  });

  test("an empty set accepts nothing", () => {
    expect(judgeBackupCode({ salt: set.salt, codes: [] }, hash(0), [])).toBeUndefined();
  });
});
