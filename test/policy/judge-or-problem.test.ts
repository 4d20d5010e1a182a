import fc from "fast-check";
import { expect, test } from "vitest";
import { judge, offlineProblem } from "../../agent/policy/judge.ts";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import { dayMs, minuteMs } from "../../words/clock.ts";
import { answer, appCode, moment, openWith, policyWith, standingOf, totp } from "./standing.ts";

const app = totp();
/** Right in no step near. */
const wrong = "000000";

test("where there is a problem nothing is granted, and where there is none a fresh code is, whatever the counts", () => {
  const anyCount = fc.record({
    inARow: fc.nat(6),
    lockedAt: fc.option(
      fc.record({
        sinceBootMs: fc.integer({ min: 0, max: moment().sinceBootMs }),
        bootId: fc.constantFrom("boot-0", "boot-1"),
      }),
    ),
  });
  const anyCase = fc.record({
    signInsUsed: fc.nat(55),
    guesses: fc.record({ system: fc.nat(55), self: fc.nat(55) }),
    failures: fc.record({ system: anyCount, self: anyCount }),
    caller: fc.constantFrom("system" as const, "self" as const),
    afterMs: fc.integer({ min: -10 * minuteMs, max: 8 * dayMs }),
    days: fc.constantFrom(0, 7),
    lock: fc.record({ failures: fc.constantFrom(0, 5), minutes: fc.constantFrom(1, 15, 90) }),
    authenticators: fc.constantFrom([app], []),
    text: fc.constantFrom("right", "wrong"),
  });
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(anyCase, ({ caller, afterMs, days, lock, authenticators, text, ...counts }) => {
      const at = moment(afterMs, { sinceBootMs: moment().sinceBootMs });
      const policy = policyWith({ offline: { ...defaultPolicy.offline, days }, lockout: lock });
      const bundle = openWith(authenticators, { policy });
      const before = standingOf(bundle, counts);
      const judged = judge(
        before,
        bundle,
        [answer(text === "right" ? appCode(app, at.nowMs) : wrong)],
        caller,
        at,
      );
      const problem = offlineProblem(before, bundle, caller, at);
      seen.set(problem?.reason ?? judged.verdict, 1);
      if (problem === undefined) expect(judged.verdict).toBe(text === "right" ? "granted" : "denied");
      else expect(judged).toEqual({ ...problem, next: before });
    }),
    { numRuns: 1_000, seed: 1 },
  );
  expect(seen.size).toBeGreaterThanOrEqual(8);
});
