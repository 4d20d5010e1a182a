// Keys that the RFCs publish, and any others.

import fc from "fast-check";
import { type Algorithm, algorithms, type HotpKey } from "../../otp/hotp.ts";

/** The digits 1234567890 over and over: 20 bytes for SHA-1, 32 for SHA-256, 64 for SHA-512. */
export function publishedKey(algorithm: Algorithm, digits: HotpKey["digits"]): HotpKey {
  const bytes = { sha1: 20, sha256: 32, sha512: 64 }[algorithm];
  return { secret: Buffer.from("1234567890".repeat(7).slice(0, bytes), "ascii"), algorithm, digits };
}

export const anyKey: fc.Arbitrary<HotpKey> = fc.record({
  secret: fc.uint8Array({ minLength: 10, maxLength: 128 }),
  algorithm: fc.constantFrom(...algorithms),
  digits: fc.constantFrom(6 as const, 7 as const, 8 as const),
});

/** What nobody should be able to type as a code of six digits, though `Number`, trimming or Unicode might read it as one. */
export const notSixDigits: readonly string[] = [
  "",
  " ",
  "75522",
  "7552240",
  "0755224",
  " 755224",
  "755224 ",
  "755 224",
  "755-224",
  "755224\n",
  "755224\0",
  "+55224",
  "-55224",
  "7552.4",
  "7e5224",
  "0x5224",
  "75522a",
  "75522O",
  "755224".repeat(10_000),
  // The same figures in Arabic-Indic, full-width and mathematical digits; the last are two UTF-16 units each.
  "\u0667\u0665\u0665\u0662\u0662\u0664",
  "\uff17\uff15\uff15\uff12\uff12\uff14",
  "\u{1d7d5}\u{1d7d3}\u{1d7d3}\u{1d7d0}\u{1d7d0}\u{1d7d2}",
  "\u{1d7d5}\u{1d7d3}\u{1d7d3}",
  "75522\u0664",
  "755\u200b224",
  "\ufeff755224",
];
