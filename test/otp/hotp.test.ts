import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findCounters, hotpCode, judgeHotp } from "../../otp/hotp.ts";
import { anyKey, notSixDigits, publishedKey } from "./keys.ts";

const key = publishedKey("sha1", 6);

/** What the code of `counter` comes to when the next unused one is `unused`. */
function judge(counter: number, unused: number, lookAhead: number): number | undefined {
  return judgeHotp(key, hotpCode(key, counter), unused, lookAhead);
}

describe("looking ahead", () => {
  test("0 takes the next unused counter only", () => {
    expect(judge(5, 5, 0)).toBe(6);
    expect(judge(6, 5, 0)).toBeUndefined();
  });

  test("takes the last counter of the look-ahead and not the one after it", () => {
    expect(judge(15, 5, 10)).toBe(16);
    expect(judge(16, 5, 10)).toBeUndefined();
  });

  test("never takes one before the next unused", () => {
    for (const used of [0, 3, 4]) expect(judge(used, 5, 100)).toBeUndefined();
  });

  test("goes on after the one that matched, so that those passed over are spent as well", () => {
    const next = judge(8, 5, 10);
    expect(next).toBe(9);
    for (const passed of [5, 6, 7, 8]) expect(judge(passed, next ?? 0, 10)).toBeUndefined();
    expect(judge(9, next ?? 0, 10)).toBe(10);
  });
});

describe("two counters with the same code", () => {
  // Once in a million. Of the RFC's secret, 910737 and 910738 both have 911617.
  const twin = 910_737;
  const find = (from: number, to: number) => findCounters(key, "911617", from, to);

  test("are both found, and each at either edge", () => {
    expect(find(twin - 3, twin + 5)).toEqual([twin, twin + 1]);
    expect(find(twin - 3, twin)).toEqual([twin]);
    expect(find(twin + 1, twin + 5)).toEqual([twin + 1]);
    expect(find(twin + 2, twin + 5)).toEqual([]);
    expect(find(twin + 1, twin)).toEqual([]);
  });

  test("count as the first, since going on too far would refuse the token's next codes", () => {
    expect(judgeHotp(key, "911617", twin - 3, 10)).toBe(twin + 1);
  });
});

test("no counter below 0 is asked for", () => {
  expect(findCounters(key, "755224", -10, 3)).toEqual([0]);
  expect(findCounters(key, "755224", -10, -1)).toEqual([]);
});

test("at the end of all counters no code is right any more, and none is an error", () => {
  const end = Number.MAX_SAFE_INTEGER;
  expect(judgeHotp(key, hotpCode(key, end - 1), end - 1, 10)).toBe(end);
  expect(judgeHotp(key, hotpCode(key, end), end, 10)).toBeUndefined();
});

describe("what is not six digits", () => {
  test.each(notSixDigits)("%j is refused, not thrown", (typed) => {
    expect(judgeHotp(key, typed, 0, 10)).toBeUndefined();
  });

  test("while the digits themselves are taken", () => {
    expect(judgeHotp(key, "755224", 0, 10)).toBe(1);
  });
});

test("for any key a code is accepted just when its counter is unused and within the look-ahead, and then never again", () => {
  const anyCase = fc.record({
    key: anyKey,
    unused: fc.integer({ min: 20, max: 2 ** 40 }),
    lookAhead: fc.integer({ min: 0, max: 20 }),
    beside: fc.integer({ min: -20, max: 30 }),
  });
  fc.assert(
    fc.property(anyCase, ({ key: any, unused, lookAhead, beside }) => {
      const counter = unused + beside;
      const code = hotpCode(any, counter);
      for (let other = unused; other <= unused + 50; other++)
        fc.pre(other === counter || hotpCode(any, other) !== code);
      const next = judgeHotp(any, code, unused, lookAhead);
      expect(next).toBe(beside >= 0 && beside <= lookAhead ? counter + 1 : undefined);
      if (next !== undefined) expect(judgeHotp(any, code, next, lookAhead)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
