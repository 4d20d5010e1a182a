import { describe, expect, test } from "vitest";
import { offlineProblem } from "../../agent/policy/judge.ts";
import { noFailures, withFailure } from "../../agent/policy/lockout.ts";
import type { OpenBundle, Standing } from "../../agent/policy/standing.ts";
import { timeStep } from "../../otp/totp.ts";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import { dayMs, minuteMs } from "../../words/clock.ts";
import {
  appCode,
  asking,
  backupCode,
  backupCodes,
  codeOfStep,
  hotp,
  judgeTexts,
  leaseWith,
  moment,
  openWith,
  policyWith,
  standingOf,
  startMs,
  totp,
} from "./standing.ts";

const app = totp();
const open = openWith([app]);
const standing = standingOf(open);
const step = timeStep(30, startMs);
const right = appCode(app, startMs);
/** Right in no step near. */
const wrong = "000000";

const fourFailures = [1, 2, 3, 4].reduce(
  (count) => withFailure(count, defaultPolicy.lockout, moment()),
  noFailures,
);
const locked = withFailure(fourFailures, defaultPolicy.lockout, moment());

describe("a right code", () => {
  const before: Standing = {
    ...standing,
    signInsUsed: 3,
    guesses: { system: 7, self: 0 },
    failures: { system: fourFailures, self: withFailure(noFailures, defaultPolicy.lockout, moment()) },
  };

  test("is granted, spent, and counted as a sign-in; it ends this caller's failures and begins the grace", () => {
    expect(judgeTexts(before, open, [right])).toEqual({
      verdict: "granted",
      method: "totp",
      next: {
        ...before,
        spent: [{ type: "totp", id: "app", lastStep: step }],
        signInsUsed: 4,
        failures: { system: noFailures, self: before.failures.self },
        grace: { bootId: "boot-1", sinceBootMs: moment().sinceBootMs, unlocksUsed: 0 },
      },
    });
  });

  test("of the user's own programs leaves the system's failures", () => {
    const { next } = judgeTexts(before, open, [right], moment(), "self");
    expect(next.failures).toEqual({ system: fourFailures, self: noFailures });
  });

  test("is good once: then it is used, and that counts as a failure like any other", () => {
    const { next } = judgeTexts(before, open, [right]);
    expect(judgeTexts(next, open, [right])).toEqual({
      verdict: "denied",
      reason: "used-code",
      next: {
        ...next,
        guesses: { system: 8, self: 0 },
        failures: { ...next.failures, system: { inARow: 1, lockedAt: null } },
      },
    });
  });

  test("does not give back guesses: they are counted for the whole lease", () => {
    expect(judgeTexts(before, open, [right]).next.guesses.system).toBe(7);
  });
});

describe("a wrong code", () => {
  test("is denied and counted for its caller and for the lease, and changes nothing else", () => {
    for (const caller of ["system", "self"] as const)
      expect(judgeTexts(standing, open, [wrong], moment(), caller)).toEqual({
        verdict: "denied",
        reason: "wrong-code",
        next: {
          ...standing,
          guesses: { ...standing.guesses, [caller]: 1 },
          failures: { ...standing.failures, [caller]: { inARow: 1, lockedAt: null } },
        },
      });
  });

  test("the fifth in a row is denied as such, and locks its caller alone", () => {
    const before = { ...standing, failures: { system: noFailures, self: fourFailures } };
    const fifth = judgeTexts(before, open, [wrong], moment(), "self");
    expect(fifth).toMatchObject({ verdict: "denied", reason: "wrong-code" });
    expect(judgeTexts(fifth.next, open, [right], moment(), "self")).toEqual({
      verdict: "locked",
      reason: "locked-out",
      forMs: 15 * minuteMs,
      next: fifth.next,
    });
    expect(judgeTexts(fifth.next, open, [right], moment(), "system").verdict).toBe("granted");
  });

  test.each(["", " ", "12345", "1234567", "abcdef", "\0", "𝟏𝟐𝟑𝟒𝟓𝟔", "0".repeat(512)])(
    "may be any text: %j",
    (text) => {
      expect(judgeTexts(standing, open, [text])).toMatchObject({ verdict: "denied", reason: "wrong-code" });
    },
  );
});

describe("several questions", () => {
  const token = hotp();
  const both = openWith([app, token], { policy: policyWith(asking(["totp"], ["hotp"])) });
  const fresh = standingOf(both);
  const tokenCode = codeOfStep(token, 0);
  const spentApp = { type: "totp", id: "app", lastStep: step };
  const spentToken = { type: "hotp", id: "token", counter: 1 };

  test("all right: granted, all spent, and one sign-in", () => {
    const judged = judgeTexts(fresh, both, [right, tokenCode]);
    expect(judged).toMatchObject({ verdict: "granted", method: "totp+hotp" });
    expect(judged.next.spent).toEqual([spentApp, spentToken]);
    expect(judged.next.signInsUsed).toBe(1);
  });

  test.each([
    ["the first wrong", [wrong, tokenCode], [{ ...spentApp, lastStep: null }, spentToken]],
    ["the second wrong", [right, wrong], [spentApp, { ...spentToken, counter: 0 }]],
    [
      "both wrong",
      [wrong, "111111"],
      [
        { ...spentApp, lastStep: null },
        { ...spentToken, counter: 0 },
      ],
    ],
    [
      "swapped",
      [tokenCode, right],
      [
        { ...spentApp, lastStep: null },
        { ...spentToken, counter: 0 },
      ],
    ],
    ["only one answer", [right], [spentApp, { ...spentToken, counter: 0 }]],
    ["one answer too many", [right, tokenCode, right], [spentApp, spentToken]],
    [
      "no answer",
      [],
      [
        { ...spentApp, lastStep: null },
        { ...spentToken, counter: 0 },
      ],
    ],
  ])("%s: denied, what was right is spent, one failure and one guess", (_, texts, spent) => {
    const judged = judgeTexts(fresh, both, texts);
    expect(judged).toMatchObject({ verdict: "denied", reason: "wrong-code" });
    expect(judged.next.spent).toEqual(spent);
    expect(judged.next.guesses.system).toBe(1);
    expect(judged.next.failures.system.inARow).toBe(1);
    expect(judged.next.signInsUsed).toBe(0);
    expect(judged.next.grace).toBeNull();
  });

  test("a used code and a right one: denied as used, and the right one is spent", () => {
    const before = judgeTexts(fresh, both, [right, wrong]).next;
    const judged = judgeTexts(before, both, [right, tokenCode]);
    expect(judged).toMatchObject({ verdict: "denied", reason: "used-code" });
    expect(judged.next.spent).toEqual([spentApp, spentToken]);
  });

  test("one authenticator answers only one of them", () => {
    const twice = openWith([app], { policy: policyWith(asking(["totp"], ["totp"])) });
    const judged = judgeTexts(standingOf(twice), twice, [right, appCode(app, startMs, 1)]);
    expect(judged).toMatchObject({ verdict: "denied" });
    expect(judged.next.spent).toEqual([spentApp]);
  });

  test("two apps answer two of them, in either order", () => {
    const other = totp("other app");
    const two = openWith([app, other], { policy: policyWith(asking(["totp"], ["totp"])) });
    for (const texts of [
      [right, appCode(other, startMs)],
      [appCode(other, startMs), right],
    ])
      expect(judgeTexts(standingOf(two), two, texts)).toMatchObject({
        verdict: "granted",
        method: "totp+totp",
      });
  });

  test("one code answers only one of them, though two apps have the same secret", () => {
    const twin = totp("twin", { secret: app.secret });
    const two = openWith([app, twin], { policy: policyWith(asking(["totp"], ["totp"])) });
    for (const again of [right, ` ${right.slice(0, 3)}-${right.slice(3)}`])
      expect(judgeTexts(standingOf(two), two, [right, again]).verdict).toBe("denied");
    expect(judgeTexts(standingOf(two), two, [right, appCode(app, startMs, 1)]).verdict).toBe("granted");
  });

  test("one question of several types takes any of them", () => {
    const paper = backupCodes();
    const any = openWith([app, token, paper]);
    const methods = [right, tokenCode, backupCode(1)].map((text) => {
      const judged = judgeTexts(standingOf(any), any, [text]);
      return judged.verdict === "granted" ? judged.method : judged.verdict;
    });
    expect(methods).toEqual(["totp", "hotp", "backup-codes"]);
  });

  test("an answer by a type that was not asked for is wrong, and not spent", () => {
    const onlyToken = openWith([app, token], { policy: policyWith(asking(["hotp"])) });
    const judged = judgeTexts(standingOf(onlyToken), onlyToken, [right]);
    expect(judged).toMatchObject({ verdict: "denied", reason: "wrong-code" });
    expect(judged.next.spent).toEqual(standingOf(onlyToken).spent);
  });
});

describe("nothing is tried, and nothing changes,", () => {
  const lapsed = openWith([app], { lease: leaseWith({ signIns: 2 }) });
  const off = { ...defaultPolicy.offline, days: 0 };
  const cases: Readonly<Record<string, [Standing, OpenBundle, ReturnType<typeof moment>, object]>> = {
    "when the policy has no offline sign-in": [
      standing,
      openWith([app], { policy: policyWith({ offline: off }) }),
      moment(),
      { verdict: "unavailable", reason: "offline-off" },
    ],
    "when the lease has expired": [
      standing,
      open,
      moment(7 * dayMs),
      { verdict: "unavailable", reason: "lease-expired" },
    ],
    "when the lease has not begun": [
      standing,
      open,
      moment(-5 * minuteMs - 1),
      { verdict: "unavailable", reason: "lease-not-begun" },
    ],
    "when the sign-ins are used up": [
      { ...standing, signInsUsed: 2 },
      lapsed,
      moment(),
      { verdict: "unavailable", reason: "sign-ins-used-up" },
    ],
    "when the guesses are used up": [
      { ...standing, guesses: { system: defaultPolicy.guessLimit, self: 0 } },
      open,
      moment(),
      { verdict: "unavailable", reason: "guess-limit" },
    ],
    "while the caller is locked out": [
      { ...standing, failures: { system: locked, self: noFailures } },
      open,
      moment(minuteMs),
      { verdict: "locked", reason: "locked-out", forMs: 14 * minuteMs },
    ],
    "when no authenticator can answer a question": [
      standing,
      openWith([app], { policy: policyWith(asking(["totp"], ["hotp", "backup-codes"])) }),
      moment(),
      { verdict: "unavailable", reason: "no-authenticator" },
    ],
  };

  test.each(Object.entries(cases))(
    "%s: not for a right code, not for a wrong one",
    (_, [before, bundle, at, problem]) => {
      for (const text of [appCode(app, at.nowMs), wrong]) {
        const judged = judgeTexts(before, bundle, [text], at);
        expect(judged).toEqual({ ...problem, next: before });
        expect(judged.next).toBe(before);
      }
      expect(offlineProblem(before, bundle, "system", at)).toEqual(problem);
    },
  );

  test("each of these has an edge at which the right code is still granted", () => {
    const last = moment(7 * dayMs - 1);
    expect(judgeTexts(standing, open, [appCode(app, last.nowMs)], last).verdict).toBe("granted");
    expect(judgeTexts({ ...standing, signInsUsed: 1 }, lapsed, [right]).verdict).toBe("granted");
    const oneGuessLeft = { ...standing, guesses: { system: defaultPolicy.guessLimit - 1, self: 0 } };
    expect(judgeTexts(oneGuessLeft, open, [right]).verdict).toBe("granted");
    const unlocked = moment(15 * minuteMs);
    const wasLocked = { ...standing, failures: { system: locked, self: noFailures } };
    expect(judgeTexts(wasLocked, open, [appCode(app, unlocked.nowMs)], unlocked).verdict).toBe("granted");
  });

  test("the user is told of a lock only where waiting helps", () => {
    const before = {
      ...standing,
      guesses: { system: defaultPolicy.guessLimit, self: 0 },
      failures: { system: locked, self: locked },
    };
    expect(judgeTexts(before, open, [right])).toMatchObject({
      verdict: "unavailable",
      reason: "guess-limit",
    });
  });
});

describe("a standing without a word about an authenticator of its bundle", () => {
  test("keeps what is spent of it all the same", () => {
    const before = { ...standing, spent: [] };
    const first = judgeTexts(before, open, [right]);
    expect(first).toMatchObject({ verdict: "granted", next: { spent: [{ id: "app", lastStep: step }] } });
    expect(judgeTexts(first.next, open, [right])).toMatchObject({ verdict: "denied", reason: "used-code" });
  });
});
