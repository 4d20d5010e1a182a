// Help-desk unlock as a function of standing, moment and answer.

import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeHelpDesk, mostTriesAnHour, offerHelpDesk } from "../../agent/policy/help-desk.ts";
import type { OpenBundle, Standing } from "../../agent/policy/standing.ts";
import type { TrustedTime } from "../../agent/policy/trusted-time.ts";
import { unlockAnswer } from "../../otp/help-desk.ts";
import { hourMs, minuteMs } from "../../words/clock.ts";
import { moment, openWith, policyWith, standingOf } from "./standing.ts";

const key = Buffer.alloc(32, 1);
const policy = policyWith({ helpDesk: "on-also-clock" });
const open: OpenBundle = { ...openWith(undefined, { policy }), unlockKey: key.toBase64() };
const at = (afterMs: number, changes = {}): TrustedTime => ({
  state: "trusted",
  moment: moment(afterMs, changes),
});
const turnedBack: TrustedTime = { state: "turned-back", behindMs: hourMs, moment: moment() };
const digits = { hourly: "12345678", timeless: "1234567890" } as const;

function shown(standing: Standing, time: TrustedTime): Standing {
  const offer = offerHelpDesk(standing, open, "system", time, "asked", (kind) => digits[kind]);
  if (offer.state !== "offered") throw new Error(offer.state);
  return offer.next ?? standing;
}

test("another machine's answer, or another user's, is wrong: their key is another", () => {
  const standing = shown(standingOf(open), at(0));
  const answer = unlockAnswer(Buffer.alloc(32, 2), digits.hourly, moment().nowMs);
  expect(judgeHelpDesk(standing, open, "system", at(0), digits.hourly, answer)).toMatchObject({
    verdict: "denied",
    reason: "wrong-answer",
  });
});

test("an answer without the hour is none for a machine that knows it, and the other way round", () => {
  const hourly = shown(standingOf(open), at(0));
  const timeless = shown(standingOf(open), turnedBack);
  const reason = "challenge-over";
  const answer = unlockAnswer(key, digits.timeless, 0);
  expect(judgeHelpDesk(timeless, open, "system", at(0), digits.timeless, answer)).toMatchObject({ reason });
  const hours = unlockAnswer(key, digits.hourly, turnedBack.moment.nowMs);
  expect(judgeHelpDesk(hourly, open, "system", turnedBack, digits.hourly, hours)).toMatchObject({ reason });
  expect(judgeHelpDesk(timeless, open, "system", turnedBack, digits.timeless, answer).verdict).toBe(
    "granted",
  );
});

test("a grant ends the caller's lockout, spends the challenge, and changes nothing else", () => {
  const locked = { inARow: 5, lockedAt: { sinceBootMs: 0, bootId: "boot-1" } };
  const before = standingOf(open, {
    failures: { system: locked, self: locked },
    signInsUsed: 3,
  });
  const standing = shown(before, at(0));
  const answer = unlockAnswer(key, digits.hourly, moment().nowMs);
  const judged = judgeHelpDesk(standing, open, "system", at(0), digits.hourly, answer);
  if (judged.verdict !== "granted") throw new Error(judged.verdict);
  const { sinceBootMs, bootId } = moment();
  expect(judged.next).toEqual({
    ...before,
    failures: { system: { inARow: 0, lockedAt: null }, self: locked },
    helpDesk: { ...before.helpDesk, system: { challenge: null, tries: [{ sinceBootMs, bootId }] } },
  });
});

test.each(["offline-off", "not-enrolled", "damaged", "no-authenticator", "lease-not-begun"] as const)(
  "%s is nothing that the help desk can do something about",
  (reason) => {
    const fresh = () => digits.hourly;
    expect(offerHelpDesk(standingOf(open), open, "system", at(0), reason, fresh)).toEqual({ state: "off" });
  },
);

test("whatever happens, no more than five answers are judged within an hour of the machine's running", () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("try" as const) }) },
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 40 * minuteMs }) }),
    fc.record({ do: fc.constant("reboot" as const) }),
    fc.record({ do: fc.constant("set-clock" as const), ms: fc.integer({ min: 0, max: 48 * hourMs }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      let standing = standingOf(open);
      let [runMs, sinceBootMs, boot, aheadMs] = [0, 0, 1, 0];
      const triedAtMs: number[] = [];
      for (const one of actions) {
        if (one.do === "wait") {
          runMs += one.ms;
          sinceBootMs += one.ms;
        } else if (one.do === "reboot") {
          boot += 1;
          sinceBootMs = 0;
        } else if (one.do === "set-clock") {
          aheadMs += one.ms;
        } else {
          const time = at(runMs + aheadMs, { sinceBootMs, bootId: `boot-${boot}` });
          const offer = offerHelpDesk(standing, open, "system", time, "asked", (kind) => digits[kind]);
          if (offer.state === "offered") standing = offer.next ?? standing;
          const judged = judgeHelpDesk(standing, open, "system", time, digits.hourly, "00000000");
          if (judged.verdict === "refused") continue;
          standing = judged.next;
          triedAtMs.push(runMs);
        }
      }
      for (const [index, ms] of triedAtMs.entries()) {
        const sixth = triedAtMs[index + mostTriesAnHour];
        if (sixth !== undefined) expect(sixth - ms).toBeGreaterThanOrEqual(hourMs);
      }
    }),
  );
});
