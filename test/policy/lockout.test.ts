import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FailureCount, lockedForMs, noFailures, withFailure } from "../../agent/policy/lockout.ts";
import { minuteMs } from "../../words/clock.ts";
import { moment } from "./standing.ts";

const rule = { failures: 3, minutes: 15 };
const lockMs = 15 * minuteMs;

/** So many failures, all at one moment. */
function failed(times: number, by = rule, at = moment()): FailureCount {
  let count = noFailures;
  for (let time = 0; time < times; time++) count = withFailure(count, by, at);
  return count;
}

describe("failures in a row", () => {
  test("lock at the rule's number, not one earlier", () => {
    expect(failed(2)).toEqual({ inARow: 2, lockedAt: null });
    expect(lockedForMs(failed(2), rule, moment())).toBe(0);
    expect(failed(3)).toEqual({
      inARow: 3,
      lockedAt: { sinceBootMs: moment().sinceBootMs, bootId: "boot-1" },
    });
    expect(lockedForMs(failed(3), rule, moment())).toBe(lockMs);
  });

  test("lock at once where the rule says 1", () => {
    const strict = { failures: 1, minutes: 1 };
    expect(lockedForMs(failed(1, strict), strict, moment())).toBe(minuteMs);
  });

  test("never lock where the rule says 0, however many", () => {
    const off = { failures: 0, minutes: 15 };
    expect(failed(1_000, off)).toEqual({ inARow: 1_000, lockedAt: null });
    expect(lockedForMs(failed(1_000, off), off, moment())).toBe(0);
  });

  test("a lock made under a rule that has been switched off since is open", () => {
    expect(lockedForMs(failed(3), { failures: 0, minutes: 15 }, moment())).toBe(0);
  });

  test("the minutes are those of the rule now, not of the rule then", () => {
    expect(lockedForMs(failed(3), { failures: 3, minutes: 60 }, moment(lockMs))).toBe(45 * minuteMs);
  });
});

describe("a lock", () => {
  test("is closed until the last millisecond of its minutes and open at their end", () => {
    expect(lockedForMs(failed(3), rule, moment(lockMs - 1))).toBe(1);
    expect(lockedForMs(failed(3), rule, moment(lockMs))).toBe(0);
    expect(lockedForMs(failed(3), rule, moment(lockMs + 1))).toBe(0);
  });

  test("does not look at the time of day at all: no clock that can be set opens it", () => {
    for (const nowMs of [0, moment().nowMs, Number.MAX_SAFE_INTEGER])
      expect(lockedForMs(failed(3), rule, moment(1, { nowMs }))).toBe(lockMs - 1);
  });

  test("counts from the boot after a reboot, so that rebooting never opens it early", () => {
    const boot2 = (sinceBootMs: number) => moment(0, { sinceBootMs, bootId: "boot-2" });
    expect(lockedForMs(failed(3), rule, boot2(0))).toBe(lockMs);
    expect(lockedForMs(failed(3), rule, boot2(lockMs - 1))).toBe(1);
    expect(lockedForMs(failed(3), rule, boot2(lockMs))).toBe(0);
  });

  test("counts from the boot also where another boot has the same name", () => {
    expect(lockedForMs(failed(3), rule, moment(0, { sinceBootMs: 0 }))).toBe(lockMs);
  });

  test("that has run out leaves a count that starts anew", () => {
    const again = withFailure(failed(3), rule, moment(lockMs));
    expect(again).toEqual({ inARow: 1, lockedAt: null });
    expect(lockedForMs(again, rule, moment(lockMs))).toBe(0);
    const third = withFailure(withFailure(again, rule, moment(lockMs)), rule, moment(lockMs + 7));
    expect(lockedForMs(third, rule, moment(lockMs + 7))).toBe(lockMs);
  });
});

test("whoever guesses for ever gets no more than the rule's number of tries in any of its minutes, reboots or not", () => {
  const anyRule = fc.record({
    failures: fc.integer({ min: 1, max: 10 }),
    minutes: fc.integer({ min: 1, max: 30 }),
  });
  const anyWaits = fc.array(fc.record({ ms: fc.nat(10 * minuteMs), reboot: fc.boolean() }), {
    minLength: 20,
    maxLength: 120,
  });
  fc.assert(
    fc.property(anyRule, anyWaits, (any, waits) => {
      let count = noFailures;
      let boot = 1;
      let sinceBootMs = 0;
      let realMs = 0;
      const triedAtMs: number[] = [];
      for (const wait of waits) {
        realMs += wait.ms;
        sinceBootMs = wait.reboot ? wait.ms : sinceBootMs + wait.ms;
        if (wait.reboot) boot += 1;
        const at = moment(0, { sinceBootMs, bootId: `boot-${boot}` });
        if (lockedForMs(count, any, at) > 0) continue;
        count = withFailure(count, any, at);
        triedAtMs.push(realMs);
      }
      // The next try after each whole run comes no sooner than the lock's minutes after the run's last.
      for (let at = any.failures; at < triedAtMs.length; at += any.failures) {
        const lastMs = triedAtMs[at - 1] ?? 0;
        expect((triedAtMs[at] ?? 0) - lastMs).toBeGreaterThanOrEqual(any.minutes * minuteMs);
      }
    }),
    { numRuns: 300 },
  );
});
