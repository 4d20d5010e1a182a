// RFC 6238 Appendix B, all moments, all three hashes, with the time step in hex.

import { describe, expect, test } from "vitest";
import { algorithms, hotpCode } from "../../otp/hotp.ts";
import { judgeTotp, timeStep } from "../../otp/totp.ts";
import { publishedKey } from "./keys.ts";

const table = [
  [59, "0000000000000001", { sha1: "94287082", sha256: "46119246", sha512: "90693936" }],
  [1111111109, "00000000023523EC", { sha1: "07081804", sha256: "68084774", sha512: "25091201" }],
  [1111111111, "00000000023523ED", { sha1: "14050471", sha256: "67062674", sha512: "99943326" }],
  [1234567890, "000000000273EF07", { sha1: "89005924", sha256: "91819424", sha512: "93441116" }],
  [2000000000, "0000000003F940AA", { sha1: "69279037", sha256: "90698825", sha512: "38618901" }],
  [20000000000, "0000000027BC86AA", { sha1: "65353130", sha256: "77737706", sha512: "47863826" }],
] as const;

const onlyNow = { past: 0, future: 0 };

describe.each(table)("RFC 6238 Appendix B at %i seconds", (seconds, stepHex, codes) => {
  const step = Number.parseInt(stepHex, 16);

  test(`the time step is ${stepHex}`, () => {
    expect(timeStep(30, seconds * 1000)).toBe(step);
  });

  test.each(algorithms)("%s: the code is the table's, in eight, seven and six digits", (algorithm) => {
    const code = codes[algorithm];
    expect(hotpCode(publishedKey(algorithm, 8), step)).toBe(code);
    expect(hotpCode(publishedKey(algorithm, 7), step)).toBe(code.slice(1));
    expect(hotpCode(publishedKey(algorithm, 6), step)).toBe(code.slice(2));
  });

  test.each(algorithms)("%s: it is accepted in its step and no other", (algorithm) => {
    const key = { ...publishedKey(algorithm, 8), periodSeconds: 30 };
    const judge = (atMs: number) => judgeTotp(key, codes[algorithm], null, onlyNow, atMs);
    const beginsMs = step * 30_000;
    expect(judge(seconds * 1000)).toBe(step);
    expect(judge(beginsMs - 1)).toBeUndefined();
    expect(judge(beginsMs)).toBe(step);
    expect(judge(beginsMs + 29_999)).toBe(step);
    expect(judge(beginsMs + 30_000)).toBeUndefined();
  });
});
