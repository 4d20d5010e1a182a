// What must hold for any input: spending is never undone, leases never grow, a lockout bounds guessing.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Authenticator, Lease } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import { covers, mergeSpent, spentOf } from "../../server/authenticators/spent.ts";
import { shortenLease } from "../../server/enrolments/lease.ts";
import { afterFailure, type Failures, isLocked, noFailures } from "../../server/verification/lockout.ts";
import { minuteMs } from "../../words/clock.ts";
import { startMs } from "./fixture.ts";

const key = { id: "a", secret: "c2VjcmV0c2VjcmV0", algorithm: "sha1", digits: 6 } as const;
const codes = Array.from({ length: 10 }, (_, id) => ({ id, hash: Buffer.alloc(32, id).toString("base64") }));

function authenticators(spent: Spent): Authenticator {
  switch (spent.type) {
    case "totp":
      return { type: "totp", ...key, periodSeconds: 30, lastStep: spent.lastStep };
    case "hotp":
      return { type: "hotp", ...key, counter: spent.counter };
    case "backup-codes":
      return { type: "backup-codes", id: "a", salt: "c2FsdA==", codes, usedIds: spent.usedIds };
    case "ocra": {
      const { id, secret } = key;
      return {
        type: "ocra",
        id,
        secret,
        suite: "OCRA-1:HOTP-SHA1-6:QN08",
        usedThroughMs: spent.usedThroughMs,
      };
    }
  }
}

const small = fc.nat({ max: 9 });
const ids = fc.uniqueArray(small).map((list) => list.toSorted((a, b) => a - b));
const words: fc.Arbitrary<Spent>[] = [
  fc.record({ type: fc.constant("totp"), id: fc.constant("a"), lastStep: fc.option(small, { nil: null }) }),
  fc.record({ type: fc.constant("hotp"), id: fc.constant("a"), counter: small }),
  fc.record({ type: fc.constant("backup-codes"), id: fc.constant("a"), usedIds: ids }),
  fc.record({
    type: fc.constant("ocra"),
    id: fc.constant("a"),
    usedThroughMs: fc.option(small, { nil: null }),
  }),
];
const threeOfAKind = fc.oneof(...words.map((word) => fc.tuple(word, word, word)));

describe("merging what is spent", () => {
  it("un-spends nothing that either side has spent", () => {
    fc.assert(
      fc.property(threeOfAKind, ([ours, theirs]) => {
        const merged = spentOf(mergeSpent(authenticators(ours), theirs));
        return covers(merged, ours) && covers(merged, theirs);
      }),
    );
  });

  it("comes to the same in any order, and however often", () => {
    fc.assert(
      fc.property(threeOfAKind, ([start, first, second]) => {
        const one = mergeSpent(mergeSpent(authenticators(start), first), second);
        const other = mergeSpent(mergeSpent(authenticators(start), second), first);
        expect(one).toEqual(other);
        expect(mergeSpent(one, second)).toEqual(one);
      }),
    );
  });

  it("spends nothing that neither side has spent", () => {
    fc.assert(
      fc.property(threeOfAKind, ([ours, theirs]) => {
        const merged = spentOf(mergeSpent(authenticators(ours), theirs));
        if (merged.type === "backup-codes" && ours.type === merged.type && theirs.type === merged.type)
          return merged.usedIds.every((id) => ours.usedIds.includes(id) || theirs.usedIds.includes(id));
        return covers(ours, merged) || covers(theirs, merged);
      }),
    );
  });

  it("passes over words about another authenticator, or another type", () => {
    const totp = authenticators({ type: "totp", id: "a", lastStep: 5 });
    expect(mergeSpent(totp, { type: "totp", id: "b", lastStep: 9 })).toBe(totp);
    expect(mergeSpent(totp, { type: "hotp", id: "a", counter: 9 })).toBe(totp);
  });
});

describe("a lease under any policy", () => {
  it("is never longer than it was, in days or in sign-ins", () => {
    const policies = fc.record({
      days: fc.nat({ max: 366 }),
      signIns: fc.option(fc.integer({ min: 1, max: 100 })),
    });
    fc.assert(
      fc.property(fc.array(policies), fc.nat({ max: 366 }), fc.option(small), (changes, days, signIns) => {
        let lease: Lease = { id: "l", startedAtMs: 0, expiresAtMs: days * 86_400_000, signIns };
        for (const change of changes) {
          const before = lease;
          lease = shortenLease(lease, {
            ...defaultPolicy,
            offline: { ...defaultPolicy.offline, ...change },
          });
          expect(lease.expiresAtMs).toBeLessThanOrEqual(before.expiresAtMs);
          expect(lease.signIns ?? Infinity).toBeLessThanOrEqual(before.signIns ?? Infinity);
          expect([lease.id, lease.startedAtMs]).toEqual([before.id, before.startedAtMs]);
        }
      }),
    );
  });
});

describe("the lockout", () => {
  it("lets no more than its number of guesses through in its minutes, however they are spread", () => {
    const rules = fc.record({
      failures: fc.integer({ min: 1, max: 5 }),
      minutes: fc.integer({ min: 1, max: 5 }),
    });
    const gaps = fc.array(fc.nat({ max: 3 * minuteMs }), { maxLength: 200 });
    fc.assert(
      fc.property(rules, gaps, (rule, spread) => {
        let state: Failures = noFailures;
        let nowMs = startMs;
        const judged: number[] = [];
        for (const gap of spread) {
          nowMs += gap;
          if (isLocked(state, rule, nowMs)) continue;
          judged.push(nowMs);
          state = afterFailure(state, rule, nowMs);
        }
        for (const [at, moment] of judged.entries())
          if ((at + 1) % rule.failures === 0 && judged[at + 1] !== undefined)
            expect((judged[at + 1] ?? 0) - moment).toBeGreaterThanOrEqual(rule.minutes * minuteMs);
      }),
    );
  });
});
