// Help-desk unlock: who may be shown a challenge, and whether an answer lets them in. Pure.
//
// A challenge is good for an hour of a clock that can't be set, in the boot in which it was shown, until an answer is
// granted by it. Tries are counted by that clock too, for each class of callers; neither a new challenge nor a reboot nor a
// restart gives any back. See docs/decisions/0019.

import { type ChallengeKind, challengeKind, isUnlockAnswer } from "../../otp/help-desk.ts";
import { hourMs } from "../../words/clock.ts";
import type { OfflineProblem } from "./judge.ts";
import { noFailures } from "./lockout.ts";
import type { Moment } from "./moment.ts";
import type { Undecided } from "./situation.ts";
import type { CallerClass, OpenBundle, Standing } from "./standing.ts";
import type { TrustedTime } from "./trusted-time.ts";

/** A moment by the clock that can't be set. */
export interface BootMoment {
  readonly sinceBootMs: number;
  readonly bootId: string;
}

export interface HelpDeskCount {
  /** The challenge last shown, and when; null before the first, and once it is spent. */
  readonly challenge: (BootMoment & { readonly digits: string }) | null;
  /** The answers tried within an hour. */
  readonly tries: readonly BootMoment[];
}

export const nothingAsked: HelpDeskCount = { challenge: null, tries: [] };

export const mostTriesAnHour = 5;

/** Why the help desk was wanted: what bars the way, or the person's own wish at the prompt for a code. */
export type HelpDeskReason = OfflineProblem["reason"] | Undecided["reason"] | "asked";

/** Reasons that a help desk can do something about; for the others there is no key, or policy wants no offline sign-in. */
const helps: readonly HelpDeskReason[] = [
  "asked",
  "locked-out",
  "lease-expired",
  "sign-ins-used-up",
  "guess-limit",
  "time-turned-back",
];

export type HelpDeskRefusal =
  | { readonly state: "off" }
  | { readonly state: "tried-out"; readonly forMs: number };

export type HelpDeskOffer =
  | HelpDeskRefusal
  /** `next` is to be committed before it is shown; undefined when it was shown before and still holds. */
  | { readonly state: "offered"; readonly challenge: string; readonly next: Standing | undefined };

/** The challenge to show. `fresh` makes one; while the last one still holds, that one is shown again. */
export function offerHelpDesk(
  standing: Standing,
  open: OpenBundle,
  caller: CallerClass,
  time: TrustedTime,
  reason: HelpDeskReason,
  fresh: (kind: ChallengeKind) => string,
): HelpDeskOffer {
  const refusal = helps.includes(reason) ? refusalNow(standing, open, caller, time) : off;
  if (refusal !== undefined) return refusal;
  const count = standing.helpDesk[caller];
  if (count.challenge !== null && holds(count.challenge, time))
    return { state: "offered", challenge: count.challenge.digits, next: undefined };
  const digits = fresh(kindAt(time));
  const challenge = { digits, ...bootMoment(time.moment) };
  return { state: "offered", challenge: digits, next: withCount(standing, caller, { ...count, challenge }) };
}

export type HelpDeskJudgement =
  | { readonly verdict: "granted"; readonly next: Standing }
  | {
      readonly verdict: "denied";
      readonly reason: "wrong-answer" | "challenge-over";
      readonly next: Standing;
    }
  | { readonly verdict: "refused"; readonly refusal: HelpDeskRefusal };

/**
 * Judges an answer to the challenge that this caller was shown. A grant ends the caller's lockout and nothing else: the
 * lease is no longer than before, no sign-in and no guess is given back, no grace begins.
 */
export function judgeHelpDesk(
  standing: Standing,
  open: OpenBundle,
  caller: CallerClass,
  time: TrustedTime,
  shown: string,
  answer: string,
): HelpDeskJudgement {
  const refusal = refusalNow(standing, open, caller, time);
  if (refusal !== undefined) return { verdict: "refused", refusal };
  const { moment } = time;
  const count = standing.helpDesk[caller];
  const tries = [...recent(count.tries, moment), bootMoment(moment)];
  const tried = withCount(standing, caller, { ...count, tries });
  const { challenge } = count;
  if (challenge === null || challenge.digits !== shown || !holds(challenge, time))
    return { verdict: "denied", reason: "challenge-over", next: tried };
  const key = Buffer.from(open.unlockKey ?? "", "base64");
  if (!isUnlockAnswer(key, shown, answer, moment.nowMs))
    return { verdict: "denied", reason: "wrong-answer", next: tried };
  return {
    verdict: "granted",
    next: {
      ...withCount(standing, caller, { challenge: null, tries }),
      failures: { ...standing.failures, [caller]: noFailures },
    },
  };
}

const off = { state: "off" } as const;

function refusalNow(
  standing: Standing,
  open: OpenBundle,
  caller: CallerClass,
  time: TrustedTime,
): HelpDeskRefusal | undefined {
  const { policy } = open.bundle;
  if (open.unlockKey === null || policy.helpDesk === "off" || policy.offline.days === 0) return off;
  if (time.state === "turned-back" && policy.helpDesk !== "on-also-clock") return off;
  const tries = recent(standing.helpDesk[caller].tries, time.moment);
  if (tries.length < mostTriesAnHour) return undefined;
  return { state: "tried-out", forMs: Math.min(...tries.map((one) => countsForMs(one, time.moment))) };
}

/** A machine that knows the time asks for the answer of the hour, another one for an answer without. */
function kindAt(time: TrustedTime): ChallengeKind {
  return time.state === "trusted" ? "hourly" : "timeless";
}

function holds(challenge: NonNullable<HelpDeskCount["challenge"]>, time: TrustedTime): boolean {
  const { moment } = time;
  return (
    challenge.bootId === moment.bootId &&
    countsForMs(challenge, moment) > 0 &&
    challengeKind(challenge.digits) === kindAt(time)
  );
}

function recent(tries: readonly BootMoment[], moment: Moment): BootMoment[] {
  return tries.filter((one) => countsForMs(one, moment) > 0);
}

/** What is left of the hour after it. What was before this boot is taken to have been at its beginning. */
function countsForMs(one: BootMoment, { bootId, sinceBootMs }: Moment): number {
  const sameBoot = one.bootId === bootId && sinceBootMs >= one.sinceBootMs;
  return hourMs - (sameBoot ? sinceBootMs - one.sinceBootMs : sinceBootMs);
}

function bootMoment({ sinceBootMs, bootId }: Moment): BootMoment {
  return { sinceBootMs, bootId };
}

function withCount(standing: Standing, caller: CallerClass, count: HelpDeskCount): Standing {
  return { ...standing, helpDesk: { ...standing.helpDesk, [caller]: count } };
}
