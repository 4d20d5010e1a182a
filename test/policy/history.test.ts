// What holds after any history: sign-ins with right, wrong and used codes, time, reboots, clocks set, syncs that arrive late,
// twice or out of order, codes used elsewhere, revocations, and renewals by an online MFA.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { turnedBackToleranceMs } from "../../agent/policy/trusted-time.ts";
import { dayMs, hourMs, minuteMs } from "../../words/clock.ts";
import { type Action, House, rules, type Typed } from "./house.ts";

const anyTyped: fc.Arbitrary<Typed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ from: fc.constant("app" as const), beside: fc.integer({ min: -2, max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ from: fc.constant("token" as const), ahead: fc.integer({ min: 0, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ from: fc.constant("paper" as const), number: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ from: fc.constant("again" as const), back: fc.nat(6) }) },
  {
    weight: 2,
    arbitrary: fc.record({ from: fc.constant("guess" as const), text: fc.constantFrom("000000", "", "ABC") }),
  },
);

const signIn = fc.record({
  act: fc.constant("sign-in" as const),
  typed: anyTyped,
  caller: fc.constantFrom("system" as const, "self" as const),
});
const online = fc.record({ act: fc.constant("online" as const), typed: anyTyped });
const pass = fc.record({
  act: fc.constant("pass" as const),
  ms: fc.oneof(
    { weight: 6, arbitrary: fc.nat(90_000) },
    { weight: 2, arbitrary: fc.nat(20 * minuteMs) },
    { weight: 1, arbitrary: fc.nat(2 * dayMs) },
  ),
});
const ask = fc.record({ act: fc.constant("ask" as const), withPaper: fc.boolean() });
const arrive = fc.record({ act: fc.constant("arrive" as const), which: fc.nat(30) });
const elsewhere = fc.record({
  act: fc.constant("spend-elsewhere" as const),
  at: fc.constantFrom("app" as const, "token" as const, "paper" as const),
  number: fc.nat(3),
});
const reboot = fc.record({ act: fc.constant("reboot" as const) });
const revoke = fc.record({ act: fc.constant("revoke" as const) });
const setWall = fc.record({
  act: fc.constant("set-wall" as const),
  ms: fc.oneof(
    fc.integer({ min: -4 * dayMs, max: 4 * dayMs }),
    fc.integer({ min: -hourMs, max: hourMs }),
    fc.integer({ min: -turnedBackToleranceMs, max: turnedBackToleranceMs }),
  ),
});

const honest: readonly fc.WeightedArbitrary<Action>[] = [
  { weight: 20, arbitrary: signIn },
  { weight: 4, arbitrary: online },
  { weight: 5, arbitrary: pass },
  { weight: 2, arbitrary: ask },
  { weight: 3, arbitrary: arrive },
  { weight: 1, arbitrary: elsewhere },
  { weight: 1, arbitrary: reboot },
  { weight: 1, arbitrary: revoke },
];
const tampering: readonly fc.WeightedArbitrary<Action>[] = [...honest, { weight: 4, arbitrary: setWall }];

/** Every history begins enrolled. */
const begun: Action = { act: "online", typed: { from: "app", beside: 0 } };

function histories(actions: readonly fc.WeightedArbitrary<Action>[]): fc.Arbitrary<House> {
  return fc
    .array(fc.oneof(...actions), { minLength: 1, maxLength: 80, size: "max" })
    .map((all) => [begun, ...all])
    .map((all) => {
      const house = new House();
      for (const action of all) house.play(action);
      return house;
    });
}

function countBy<T>(all: readonly T[], name: (one: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(name(one), (counts.get(name(one)) ?? 0) + 1);
  return counts;
}

describe.each([
  ["with clocks left alone", honest],
  ["with clocks set at will", tampering],
])("after any history %s", (_, actions) => {
  const runs = { numRuns: 400 };

  test("everything that can come of a sign-in has come of some: no property below holds of nothing", () => {
    const played = fc.sample(histories(actions), { numRuns: 300, seed: 1 });
    const came = countBy(
      played.flatMap(({ judged }) => judged.map(({ judgement }) => judgement)),
      (judgement) => (judgement.verdict === "granted" ? judgement.verdict : judgement.reason),
    );
    for (const often of ["granted", "wrong-code", "used-code", "locked-out"])
      expect(came.get(often) ?? 0, often).toBeGreaterThan(300);
    for (const atAll of ["guess-limit", "lease-expired", "sign-ins-used-up"])
      expect(came.get(atAll) ?? 0, atAll).toBeGreaterThan(0);
    const refused = countBy(
      played.flatMap(({ refusals }) => refusals),
      String,
    );
    expect([...refused.keys()].sort()).toEqual(["older-bundle", "revoked-bundle"]);
  });
  test("no code is granted twice, online or offline", () => {
    fc.assert(
      fc.property(histories(actions), (house) => {
        for (const [what, times] of countBy(house.grants, (grant) => grant.what))
          expect(`${what}: ${times}`).toBe(`${what}: 1`);
      }),
      runs,
    );
  });

  test("steps and counters are only ever granted upwards", () => {
    fc.assert(
      fc.property(histories(actions), (house) => {
        for (const id of ["app", "token"]) {
          const orders = house.grants
            .filter(({ authenticator }) => authenticator === id)
            .map(({ order }) => order);
          expect(orders).toEqual([...orders].sort((a, b) => a - b));
        }
      }),
      runs,
    );
  });

  test("a lease grants no more sign-ins than it has, and hears no more wrong answers than the policy's limit", () => {
    fc.assert(
      fc.property(histories(actions), (house) => {
        const offline = house.grants.filter(({ where }) => where === "offline");
        for (const times of countBy(offline, (grant) => grant.lease).values())
          expect(times).toBeLessThanOrEqual(rules.offline.signIns ?? 0);
        const denied = house.judged.filter(({ judgement }) => judgement.verdict === "denied");
        // Root's dialogues and those of the user's own programs have the limit each.
        for (const times of countBy(denied, ({ caller, lease }) => `${caller} ${lease.id}`).values())
          expect(times).toBeLessThanOrEqual(rules.guessLimit);
      }),
      runs,
    );
  });

  test("nothing is granted or denied at or after a lease's end", () => {
    fc.assert(
      fc.property(histories(actions), (house) => {
        for (const { judgement, lease, realMs, nowMs } of house.judged) {
          if (judgement.verdict !== "granted" && judgement.verdict !== "denied") continue;
          expect(nowMs).toBeLessThan(lease.expiresAtMs);
          if (actions === honest) expect(realMs).toBeLessThan(lease.expiresAtMs);
        }
      }),
      runs,
    );
  });

  test("trusted time never goes back between two sign-ins of one lease without the server's word", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(signIn, pass, reboot, ...(actions === honest ? [] : [setWall])), { maxLength: 60 }),
        (all) => {
          const house = new House();
          for (const action of [begun, ...all]) house.play(action);
          const moments = house.judged.map(({ nowMs }) => nowMs);
          expect(moments).toEqual([...moments].sort((a, b) => a - b));
        },
      ),
      runs,
    );
  });
});

describe("a user who does nothing wrong", () => {
  test("is granted every sign-in of a lease with fresh codes, whatever reboots come between", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        fc.integer({ min: 1, max: 60 }),
        (reboots, minutes) => {
          const house = new House();
          house.play(begun);
          for (const rebooted of reboots) {
            if (rebooted) house.play({ act: "reboot" });
            house.play({ act: "pass", ms: minutes * minuteMs });
            house.play({ act: "sign-in", typed: { from: "app", beside: 0 }, caller: "system" });
          }
          expect(house.judged.map(({ judgement }) => judgement.verdict)).toEqual(
            reboots.map(() => "granted"),
          );
          house.play({ act: "pass", ms: minuteMs });
          house.play({ act: "sign-in", typed: { from: "app", beside: 0 }, caller: "system" });
          expect(house.judged.at(-1)?.judgement).toMatchObject({
            verdict: "unavailable",
            reason: "sign-ins-used-up",
          });
        },
      ),
      { numRuns: 50 },
    );
  });
});
