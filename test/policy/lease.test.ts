import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leaseLeft, leaseProblem } from "../../agent/policy/lease.ts";
import { dayMs, minuteMs } from "../../words/clock.ts";
import { leaseWith, startMs } from "./standing.ts";

const lease = leaseWith({ signIns: 3 });

describe("a lease", () => {
  test("is good until the last millisecond before its end, and not at it", () => {
    expect(leaseProblem(lease, 0, lease.expiresAtMs - 1)).toBeUndefined();
    expect(leaseProblem(lease, 0, lease.expiresAtMs)).toBe("lease-expired");
    expect(leaseProblem(lease, 0, lease.expiresAtMs + dayMs)).toBe("lease-expired");
  });

  test("is good for the last of its sign-ins, and not for the one after", () => {
    expect(leaseProblem(lease, 2, startMs)).toBeUndefined();
    expect(leaseProblem(lease, 3, startMs)).toBe("sign-ins-used-up");
    expect(leaseProblem(lease, 4, startMs)).toBe("sign-ins-used-up");
  });

  test("without a number of sign-ins is limited by its end alone", () => {
    const endless = leaseWith({ signIns: null });
    expect(leaseProblem(endless, 1_000_000, endless.expiresAtMs - 1)).toBeUndefined();
    expect(leaseProblem(endless, 0, endless.expiresAtMs)).toBe("lease-expired");
  });

  test("for no sign-in at all is used up from the start", () => {
    expect(leaseProblem(leaseWith({ signIns: 0 }), 0, startMs)).toBe("sign-ins-used-up");
  });

  test("may begin five minutes ahead of this machine's clock, and no more", () => {
    expect(leaseProblem(lease, 0, startMs - 5 * minuteMs)).toBeUndefined();
    expect(leaseProblem(lease, 0, startMs - 5 * minuteMs - 1)).toBe("lease-not-begun");
  });

  test("says that it has expired rather than that it is used up", () => {
    expect(leaseProblem(lease, 3, lease.expiresAtMs)).toBe("lease-expired");
  });
});

describe("what is left of a lease", () => {
  test("is in days, rounded up, until there is nothing", () => {
    const days = (nowMs: number) => leaseLeft(lease, 0, nowMs).days;
    expect(days(startMs)).toBe(7);
    expect(days(startMs - 1_500)).toBe(7);
    expect(days(startMs + 1)).toBe(7);
    expect(days(startMs + dayMs)).toBe(6);
    expect(days(lease.expiresAtMs - dayMs - 1)).toBe(2);
    expect(days(lease.expiresAtMs - dayMs)).toBe(1);
    expect(days(lease.expiresAtMs - 1)).toBe(1);
    expect(days(lease.expiresAtMs)).toBe(0);
    expect(days(lease.expiresAtMs + 9 * dayMs)).toBe(0);
  });

  test("is in sign-ins, if they are limited", () => {
    expect([0, 1, 3, 4].map((used) => leaseLeft(lease, used, startMs).signIns)).toEqual([3, 2, 0, 0]);
    expect(leaseLeft(leaseWith({ signIns: null }), 9, startMs).signIns).toBeNull();
  });

  test("is something just when the lease is good", () => {
    fc.assert(
      fc.property(fc.nat(6), fc.integer({ min: 0, max: 14 * dayMs }), (used, afterMs) => {
        const nowMs = startMs + afterMs;
        const left = leaseLeft(lease, used, nowMs);
        expect(left.days > 0 && left.signIns !== 0).toBe(leaseProblem(lease, used, nowMs) === undefined);
      }),
    );
  });
});
