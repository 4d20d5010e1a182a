import { describe, expect, test } from "vitest";
import { beginGrace, type Grace, type GraceRule, spendUnlock } from "../../agent/policy/grace.ts";
import { dayMs, minuteMs } from "../../words/clock.ts";
import { moment } from "./standing.ts";

const begun = beginGrace(moment());

/** How many unlocks in a row are had at one moment, up to a hundred. */
function unlocks(rule: GraceRule, afterMs: number): number {
  let grace: Grace = begun;
  for (let had = 0; had < 100; had++) {
    const next = spendUnlock(grace, rule, moment(afterMs));
    if (next === undefined) return had;
    grace = next;
  }
  return 100;
}

describe("unlocks without a code", () => {
  test("limited by number: so many, at any time in the same boot", () => {
    const rule = { unlocks: 3, minutes: 0 };
    expect(unlocks(rule, 0)).toBe(3);
    expect(unlocks(rule, 30 * dayMs)).toBe(3);
  });

  test("limited by minutes: as often as one likes until the last millisecond before their end", () => {
    const rule = { unlocks: 0, minutes: 10 };
    expect(unlocks(rule, 10 * minuteMs - 1)).toBe(100);
    expect(unlocks(rule, 10 * minuteMs)).toBe(0);
    expect(unlocks(rule, 10 * minuteMs + 1)).toBe(0);
  });

  test("limited by both: whichever ends first", () => {
    const rule = { unlocks: 2, minutes: 10 };
    expect(unlocks(rule, 10 * minuteMs - 1)).toBe(2);
    expect(unlocks(rule, 10 * minuteMs)).toBe(0);
  });

  test("limited by neither is off, not endless", () => {
    expect(unlocks({ unlocks: 0, minutes: 0 }, 0)).toBe(0);
  });

  test("are not given before a full sign-in", () => {
    expect(spendUnlock(null, { unlocks: 9, minutes: 9 }, moment())).toBeUndefined();
  });

  test("end with the boot, whatever the other's clock says", () => {
    const rule = { unlocks: 9, minutes: 9 };
    for (const sinceBootMs of [0, begun.sinceBootMs, begun.sinceBootMs + 1])
      expect(spendUnlock(begun, rule, moment(0, { bootId: "boot-2", sinceBootMs }))).toBeUndefined();
    expect(spendUnlock(begun, rule, moment(0, { sinceBootMs: begun.sinceBootMs - 1 }))).toBeUndefined();
  });

  test("are counted by the clock that can't be set: the time of day is nothing", () => {
    const rule = { unlocks: 0, minutes: 10 };
    for (const nowMs of [0, Number.MAX_SAFE_INTEGER]) {
      expect(spendUnlock(begun, rule, moment(10 * minuteMs - 1, { nowMs }))).toBeDefined();
      expect(spendUnlock(begun, rule, moment(10 * minuteMs, { nowMs }))).toBeUndefined();
    }
  });

  test("do not prolong themselves: the minutes run from the full sign-in", () => {
    const rule = { unlocks: 0, minutes: 10 };
    const once = spendUnlock(begun, rule, moment(9 * minuteMs));
    expect(once).toEqual({ ...begun, unlocksUsed: 1 });
    expect(spendUnlock(once ?? null, rule, moment(10 * minuteMs))).toBeUndefined();
  });

  test("are counted also while only the minutes limit them, in case the rule changes", () => {
    const once = spendUnlock(begun, { unlocks: 0, minutes: 10 }, moment(1));
    expect(spendUnlock(once ?? null, { unlocks: 1, minutes: 10 }, moment(2))).toBeUndefined();
  });
});
