// Challenges and responses: RFC 6287's values through the way that sign-ins take, and how challenges are given out.

import { describe, expect, test } from "vitest";
import {
  challengeLifeMs,
  drawChallenge,
  isUsed,
  mostUnanswered,
  nextChallenge,
  type OpenChallenge,
} from "../../otp/challenge.ts";
import { answerableSuite, isResponse, responseTo } from "../../otp/response.ts";
import { systemRandom } from "../../platform/random.ts";

const digits = "1234567890".repeat(7);
const key = (bytes: number, suite: string) => ({
  suite,
  secret: Buffer.from(digits.slice(0, bytes), "ascii"),
});
const none = { past: 0, future: 0 };
const one = { past: 1, future: 1 };
const plain = key(20, "OCRA-1:HOTP-SHA1-6:QN08");
const timed = key(64, "OCRA-1:HOTP-SHA512-8:QN08-T1M");
/** March 25 2008, 12:06:30 GMT. */
const rfcMs = Date.parse("2008-03-25T12:06:30Z");

describe("a response", () => {
  test.each([
    ["00000000", "237653"],
    ["11111111", "243178"],
    ["99999999", "294470"],
  ])("of appendix C.1 to %s is right, and no other", (challenge, code) => {
    expect(isResponse(plain, challenge, code, one, 0)).toBe(true);
    expect(isResponse(plain, "22222222", code, one, 0)).toBe(false);
    expect(isResponse(plain, challenge, `${code}0`, one, 0)).toBe(false);
    expect(isResponse(plain, challenge, "", one, 0)).toBe(false);
  });

  test("of appendix C.1 with the time is right in its minute, and beside it as the window has it", () => {
    expect(isResponse(timed, "00000000", "95209754", none, rfcMs)).toBe(true);
    expect(isResponse(timed, "00000000", "95209754", none, rfcMs + 60_000)).toBe(false);
    for (const beside of [-60_000, 60_000])
      expect(isResponse(timed, "00000000", "95209754", one, rfcMs + beside)).toBe(true);
    for (const far of [-120_000, 120_000])
      expect(isResponse(timed, "00000000", "95209754", one, rfcMs + far)).toBe(false);
    expect(responseTo(timed, "44444444", rfcMs)).toBe("36209546");
  });

  test("to something that is no challenge is wrong", () => {
    for (const challenge of ["", "1234567", "123456789", "1234567a"])
      expect(isResponse(plain, challenge, "000000", one, 0)).toBe(false);
  });
});

describe("a suite that people can be asked by", () => {
  test.each(["OCRA-1:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-SHA256-8:QN08-T30S", "OCRA-1:HOTP-SHA512-7:QN08-T1H"])(
    "is %s",
    (name) => expect(answerableSuite(name)?.name).toBe(name),
  );

  test.each([
    "OCRA-1:HOTP-SHA1-6:C-QN08",
    "OCRA-1:HOTP-SHA1-6:QN08-PSHA1",
    "OCRA-1:HOTP-SHA1-6:QN08-T0M",
    "OCRA-1:HOTP-SHA1-6:QN08-T9S",
    "OCRA-1:HOTP-SHA1-6:QN08-T90S",
    "OCRA-1:HOTP-SHA1-6:QN08-S064",
    "OCRA-1:HOTP-SHA1-0:QN08",
    "OCRA-1:HOTP-SHA1-6:QN08 ",
    "OCRA-2:HOTP-SHA1-6:QN08",
  ])("is not %s", (name) => expect(answerableSuite(name)).toBeUndefined());
});

describe("a challenge", () => {
  test("has eight digits, and is asked of a token as no other one is", () => {
    const drawn = new Set(Array.from({ length: 500 }, () => drawChallenge(systemRandom)));
    expect(drawn.size).toBeGreaterThan(495);
    for (const challenge of drawn) {
      expect(challenge).toMatch(/^[1-9]\d{7}$/);
      expect(BigInt(challenge).toString(16)).toHaveLength(7);
    }
  });

  test("below a bound is the question of sixteen times itself: these are not drawn", () => {
    // 01000000 and 16000000: why there is a bound.
    expect(responseTo(plain, "01000000", 0)).toBe(responseTo(plain, "16000000", 0));
    const bytes = [0, 1, 0, 0, 0, 0, 0, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    const fixed = { bytes: (count: number) => Uint8Array.from(bytes.splice(0, count)) };
    expect(drawChallenge(fixed)).toBe("98765432");
  });

  const given = (count: number): OpenChallenge[] =>
    Array.from({ length: count }, (_, at) => ({
      digits: String(20_000_000 + at),
      drawnAtMs: 0,
      givenAtMs: at,
    }));

  test("is a fresh one where few are open", () => {
    const open = given(mostUnanswered - 1);
    const fresh = nextChallenge(open, systemRandom, 10);
    expect(fresh).toMatchObject({ drawnAtMs: 10, givenAtMs: 10 });
    expect(open.map((one) => one.digits)).not.toContain(fresh.digits);
  });

  test("is the one given longest ago where as many are open as there can be, and as old as before", () => {
    const open = given(mostUnanswered).toReversed();
    const again = { digits: "20000000", drawnAtMs: 0, givenAtMs: 50 };
    expect(nextChallenge(open, systemRandom, 50)).toEqual(again);
  });

  test("that nobody has answered is over after ten minutes", () => {
    const open = given(mostUnanswered);
    const digits = (atMs: number) => nextChallenge(open, systemRandom, atMs).digits;
    expect(digits(challengeLifeMs - 1)).toBe("20000000");
    expect(open.map((one) => one.digits)).not.toContain(digits(challengeLifeMs));
  });

  test.each([
    [100, null, false],
    [100, 99, false],
    [100, 100, true],
    [100, 200, true],
    [100, 60_200, true],
    [100, 60_201, false],
  ])(
    "drawn at %d is used where they are through %s, and where that is no time to come: %s",
    (drawn, through, used) => expect(isUsed(drawn, through, 200)).toBe(used),
  );
});
