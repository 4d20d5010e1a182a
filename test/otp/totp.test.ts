import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hotpCode } from "../../otp/hotp.ts";
import { judgeTotp, type TotpKey, timeStep } from "../../otp/totp.ts";
import { anyKey, notSixDigits, publishedKey } from "./keys.ts";

const key: TotpKey = { ...publishedKey("sha1", 6), periodSeconds: 30 };
const present = 1_000;
const beginsMs = present * 30_000;

/** What a code of this step comes to, at the first millisecond of the present step unless said. */
function judge(step: number, past: number, future: number, lastStep: number | null = null, nowMs = beginsMs) {
  return judgeTotp(key, hotpCode(key, step), lastStep, { past, future }, nowMs);
}

describe("the window", () => {
  test("0 and 0 take the present step only", () => {
    expect([-1, 0, 1].map((beside) => judge(present + beside, 0, 0))).toEqual([
      undefined,
      present,
      undefined,
    ]);
  });

  test("past and future are counted apart", () => {
    expect(judge(present - 2, 2, 0)).toBe(present - 2);
    expect(judge(present - 3, 2, 0)).toBeUndefined();
    expect(judge(present + 1, 2, 0)).toBeUndefined();
    expect(judge(present + 2, 0, 2)).toBe(present + 2);
    expect(judge(present + 3, 0, 2)).toBeUndefined();
    expect(judge(present - 1, 0, 2)).toBeUndefined();
  });

  test("moves at the millisecond at which a step begins", () => {
    expect(judge(present - 2, 1, 1, null, beginsMs - 1)).toBe(present - 2);
    expect(judge(present - 2, 1, 1, null, beginsMs)).toBeUndefined();
    expect(judge(present + 1, 1, 1, null, beginsMs - 1)).toBeUndefined();
    expect(judge(present + 1, 1, 1, null, beginsMs)).toBe(present + 1);
  });

  test("does not reach before the first step", () => {
    expect(judge(0, 10, 0, null, 0)).toBe(0);
    expect(judge(1, 10, 0, null, 0)).toBeUndefined();
  });

  test("is counted in the key's own period", () => {
    const slow = { ...key, periodSeconds: 60 };
    expect(timeStep(60, 119_999)).toBe(1);
    expect(timeStep(60, 120_000)).toBe(2);
    expect(judgeTotp(slow, hotpCode(key, 1), null, { past: 0, future: 0 }, 119_999)).toBe(1);
    expect(judgeTotp(slow, hotpCode(key, 1), null, { past: 0, future: 0 }, 120_000)).toBeUndefined();
  });
});

describe("a spent step", () => {
  test("is refused, and so is every one before it; the next is not", () => {
    expect(judge(present, 2, 2, present)).toBeUndefined();
    expect(judge(present - 1, 2, 2, present)).toBeUndefined();
    expect(judge(present + 1, 2, 2, present)).toBe(present + 1);
    expect(judge(present, 2, 2, present - 1)).toBe(present);
  });

  test("beyond the window leaves nothing to accept", () => {
    for (const beside of [-2, -1, 0, 1, 2]) {
      expect(judge(present + beside, 2, 2, present + 2)).toBeUndefined();
      expect(judge(present + beside, 2, 2, Number.MAX_SAFE_INTEGER)).toBeUndefined();
    }
  });

  test("step 0 can be spent: no spent step and step 0 are not the same", () => {
    expect(judge(0, 0, 0, null, 0)).toBe(0);
    expect(judge(0, 0, 0, 0, 0)).toBeUndefined();
  });
});

describe("two neighbouring steps with the same code", () => {
  // Once in a million steps. Of the RFC's secret, steps 910737 and 910738 both have 911617.
  const twin = 910_737;
  const window = { past: 1, future: 1 };

  test.each([twin, twin + 1])("are both spent by it, in step %i", (now) => {
    expect(hotpCode(key, twin)).toBe(hotpCode(key, twin + 1));
    const spent = judgeTotp(key, "911617", null, window, now * 30_000);
    expect(spent).toBe(twin + 1);
    for (const later of [now, now + 1, now + 2])
      expect(judgeTotp(key, "911617", twin + 1, window, later * 30_000)).toBeUndefined();
  });
});

describe("what is not six digits", () => {
  const at = { ...key, periodSeconds: 30 };

  test.each(notSixDigits)("%j is refused, not thrown", (typed) => {
    expect(judgeTotp(at, typed, null, { past: 1, future: 1 }, 0)).toBeUndefined();
  });

  test("while the digits themselves are taken", () => {
    expect(judgeTotp(at, "755224", null, { past: 1, future: 1 }, 0)).toBe(0);
  });
});

describe("for any key, moment, window and spent step", () => {
  const reach = 15;
  const sideways = fc.integer({ min: -reach, max: reach });
  const anyCase = fc
    .record({
      key: anyKey,
      periodSeconds: fc.integer({ min: 1, max: 86_400 }),
      present: fc.integer({ min: 2 * reach, max: 100_000_000 }),
      into: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      past: fc.integer({ min: 0, max: 10 }),
      future: fc.integer({ min: 0, max: 10 }),
      beside: sideways,
      spentBeside: fc.option(sideways),
    })
    .map(({ key: hotp, periodSeconds, present: step, into, past, future, beside, spentBeside }) => {
      const periodMs = periodSeconds * 1000;
      return {
        key: { ...hotp, periodSeconds },
        step,
        nowMs: step * periodMs + Math.floor(into * periodMs),
        window: { past, future },
        codeStep: step + beside,
        lastStep: spentBeside === null ? null : step + spentBeside,
      };
    });

  test("a code is accepted just when its step is within the window and later than the spent one", () => {
    fc.assert(
      fc.property(anyCase, ({ key: totp, step, nowMs, window, codeStep, lastStep }) => {
        const code = hotpCode(totp, codeStep);
        const twins = [];
        for (let other = step - reach; other <= step + reach; other++)
          if (hotpCode(totp, other) === code) twins.push(other);
        fc.pre(twins.length === 1);
        const within = codeStep >= step - window.past && codeStep <= step + window.future;
        const unspent = lastStep === null || codeStep > lastStep;
        const judged = judgeTotp(totp, code, lastStep, window, nowMs);
        expect(judged).toBe(within && unspent ? codeStep : undefined);
      }),
      { numRuns: 400 },
    );
  });

  test("the same code is never accepted again once the step it came to is spent", () => {
    fc.assert(
      fc.property(anyCase, fc.nat(30), ({ key: totp, nowMs, window, codeStep, lastStep }, laterSteps) => {
        const code = hotpCode(totp, codeStep);
        const step = judgeTotp(totp, code, lastStep, window, nowMs);
        fc.pre(step !== undefined);
        expect(judgeTotp(totp, code, step, window, nowMs)).toBeUndefined();
        // Later, only a later step that happens to have the same code can make it good again.
        const laterMs = nowMs + laterSteps * totp.periodSeconds * 1000;
        const again = judgeTotp(totp, code, step, window, laterMs);
        expect(again === undefined || (again > step && hotpCode(totp, again) === code)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
