import { describe, expect, test } from "vitest";
import { nothingAsked } from "../../agent/policy/help-desk.ts";
import { noFailures, withFailure } from "../../agent/policy/lockout.ts";
import { bundleRefusal, mergeBundle } from "../../agent/policy/merge.ts";
import { laterSpent, newStanding, type OpenBundle, type Standing } from "../../agent/policy/standing.ts";
import { timeStep } from "../../otp/totp.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import { maxSpent, type Spent } from "../../protocol/sync/exchanges.ts";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import { hourMs } from "../../words/clock.ts";
import {
  appCode,
  backupCodes,
  bundleWith,
  documentOf,
  hotp,
  judgeTexts,
  leaseWith,
  machine,
  moment,
  openWith,
  standingOf,
  startMs,
  totp,
} from "./standing.ts";

function merge(before: Standing | undefined, open: OpenBundle, nowMs = startMs + hourMs): Standing {
  return mergeBundle(before, "alice", documentOf(open), open, nowMs);
}

describe("a bundle is refused", () => {
  const held = { machine, user: "alice", serial: 10, revokedSerial: 5 };

  test.each([
    [11, undefined],
    [1_000, undefined],
    [10, "older-bundle"],
    [6, "older-bundle"],
    [5, "revoked-bundle"],
    [0, "revoked-bundle"],
  ] as const)("by its serial: %i under a held 10 and a tombstone 5 is %s", (serial, refusal) => {
    expect(bundleRefusal(bundleWith({ serial }), held)).toBe(refusal);
  });

  test("at and below the tombstone also where nothing is held", () => {
    const gone = { ...held, serial: 0, revokedSerial: 20 };
    expect(bundleRefusal(bundleWith({ serial: 20 }), gone)).toBe("revoked-bundle");
    expect(bundleRefusal(bundleWith({ serial: 19 }), gone)).toBe("revoked-bundle");
    expect(bundleRefusal(bundleWith({ serial: 21 }), gone)).toBeUndefined();
  });

  test("when it is another machine's or another user's, however new", () => {
    expect(bundleRefusal(bundleWith({ serial: 99, machine: "N".repeat(32) }), held)).toBe("other-machine");
    expect(bundleRefusal(bundleWith({ serial: 99, user: "bob" }), held)).toBe("other-user");
    expect(bundleRefusal(bundleWith({ serial: 99, user: "Alice" }), held)).toBe("other-user");
  });

  test("the first of all is taken", () => {
    expect(
      bundleRefusal(bundleWith({ serial: 1 }), { ...held, serial: 0, revokedSerial: 0 }),
    ).toBeUndefined();
  });
});

describe("a first bundle", () => {
  test("makes a standing in which nothing has been counted and what the server says is spent is", () => {
    const open = openWith([
      totp("app", { lastStep: 7 }),
      hotp("token", { counter: 3 }),
      backupCodes("paper", { usedIds: [2] }),
    ]);
    expect(merge(undefined, open)).toEqual({
      user: "alice",
      bundle: documentOf(open),
      enrolledAtMs: startMs + hourMs,
      lastSyncedAtMs: startMs + hourMs,
      leaseId: "lease-1",
      signInsUsed: 0,
      spent: [
        { type: "totp", id: "app", lastStep: 7 },
        { type: "hotp", id: "token", counter: 3 },
        { type: "backup-codes", id: "paper", usedIds: [2] },
      ],
      failures: { system: noFailures, self: noFailures },
      guesses: { system: 0, self: 0 },
      grace: null,
      helpDesk: { system: nothingAsked, self: nothingAsked },
    });
    expect(merge(undefined, open)).toEqual(newStanding("alice", documentOf(open), open, startMs + hourMs));
  });
});

describe("a next bundle", () => {
  const count = withFailure(noFailures, defaultPolicy.lockout, moment());
  const before = standingOf(openWith(), {
    signInsUsed: 4,
    guesses: { system: 9, self: 2 },
    failures: { system: count, self: count },
    grace: { bootId: "boot-1", sinceBootMs: 1, unlocksUsed: 2 },
  });

  test("under the same lease keeps every count", () => {
    const next = openWith([totp()], { serial: 2 });
    expect(merge(before, next)).toEqual({
      ...before,
      bundle: documentOf(next),
      lastSyncedAtMs: startMs + hourMs,
    });
  });

  test("under a new lease begins the counts anew, but for the failures of the user's own programs", () => {
    const next = openWith([totp()], { serial: 2, lease: leaseWith({ id: "lease-2" }) });
    expect(merge(before, next)).toEqual({
      ...before,
      bundle: documentOf(next),
      lastSyncedAtMs: startMs + hourMs,
      leaseId: "lease-2",
      signInsUsed: 0,
      guesses: { system: 0, self: 0 },
      failures: { system: noFailures, self: count },
    });
  });

  test("under a new lease does not make a spent code good", () => {
    const { next: spent } = judgeTexts(before, openWith(), [appCode(totp(), startMs)]);
    const renewed = openWith([totp()], { serial: 2, lease: leaseWith({ id: "lease-2" }) });
    expect(judgeTexts(merge(spent, renewed), renewed, [appCode(totp(), startMs)])).toMatchObject({
      verdict: "denied",
      reason: "used-code",
    });
  });
});

describe("what is spent after a merge is the later of the two sides", () => {
  const spentIn = (standing: Standing, id: string) => standing.spent.find((one) => one.id === id);
  const app = (lastStep: number | null): Spent => ({ type: "totp", id: "app", lastStep });

  test.each([
    [null, null, null],
    [null, 5, 5],
    [5, null, 5],
    [5, 6, 6],
    [6, 5, 6],
    [0, null, 0],
    [null, 0, 0],
  ])("TOTP: %j here and %j there make %j", (here, there, later) => {
    const before = standingOf(openWith([totp("app", { lastStep: here })]));
    const merged = merge(before, openWith([totp("app", { lastStep: there })], { serial: 2 }));
    expect(merged.spent).toEqual([app(later)]);
  });

  test.each([
    [0, 4, 4],
    [4, 0, 4],
    [4, 4, 4],
  ])("HOTP: %i here and %i there make %i", (here, there, later) => {
    const before = standingOf(openWith([hotp("token", { counter: here })]));
    const merged = merge(before, openWith([hotp("token", { counter: there })], { serial: 2 }));
    expect(merged.spent).toEqual([{ type: "hotp", id: "token", counter: later }]);
  });

  test("backup codes: those of both sides, each once", () => {
    const before = standingOf(openWith([backupCodes("paper", { usedIds: [3, 1] })]));
    const merged = merge(before, openWith([backupCodes("paper", { usedIds: [1, 0] })], { serial: 2 }));
    expect(merged.spent).toEqual([{ type: "backup-codes", id: "paper", usedIds: [0, 1, 3] }]);
  });

  test("goes by id, not by place; a new authenticator comes as the server has it", () => {
    const before = standingOf(openWith([totp("app", { lastStep: 9 }), hotp("token", { counter: 9 })]));
    const merged = merge(
      before,
      openWith([hotp("token"), totp("fresh", { lastStep: 2 }), totp("app")], { serial: 2 }),
    );
    expect(merged.spent).toEqual([
      { type: "hotp", id: "token", counter: 9 },
      { type: "totp", id: "fresh", lastStep: 2 },
      app(9),
    ]);
  });

  test("is kept of an authenticator that a bundle leaves out, for when a later one brings it back", () => {
    const paper = backupCodes();
    const before = standingOf(openWith([totp(), backupCodes("paper", { usedIds: [1] })]));
    const without = merge(before, openWith([totp()], { serial: 2 }));
    const back = merge(without, openWith([totp(), paper], { serial: 3 }));
    expect(spentIn(without, "paper")).toEqual({ type: "backup-codes", id: "paper", usedIds: [1] });
    expect(spentIn(back, "paper")).toEqual({ type: "backup-codes", id: "paper", usedIds: [1] });
    expect(back.spent).toHaveLength(2);
  });

  test("never grows past what a request can carry, and then drops only what is left out", () => {
    const set = (name: string): Authenticator[] =>
      Array.from({ length: 30 }, (_, n) => totp(`${name} ${n}`, { lastStep: n }));
    const first = standingOf(openWith(set("old")));
    const merged = merge(first, openWith(set("new"), { serial: 2 }));
    expect(merged.spent).toHaveLength(maxSpent);
    expect(merged.spent.slice(0, 30).map(({ id }) => id)).toEqual(set("new").map(({ id }) => id));
  });
});

describe("the later of two words", () => {
  const step = timeStep(30, startMs);

  test("is the first where the other is about another authenticator, or missing", () => {
    const one: Spent = { type: "totp", id: "app", lastStep: step };
    expect(laterSpent(one, undefined)).toEqual(one);
    expect(laterSpent(one, { type: "totp", id: "other", lastStep: step + 9 })).toEqual(one);
    expect(laterSpent(one, { type: "hotp", id: "app", counter: 9 })).toEqual(one);
  });
});
