// Judge, commit, then answer. Each method reads, judges and commits without giving the event loop a turn: two dialogues
// that bring the same code are judged one after the other, the second against what the first has spent.

import { type ChallengeKind, makeChallenge } from "../../otp/help-desk.ts";
import type { Random } from "../../words/random.ts";
import { unreachable } from "../../words/unreachable.ts";
import type { SignInLedger } from "../dialogue/ports.ts";
import type { Answer } from "../factors/answer.ts";
import { spendUnlock } from "../policy/grace.ts";
import {
  type HelpDeskJudgement,
  type HelpDeskOffer,
  type HelpDeskReason,
  judgeHelpDesk,
  offerHelpDesk,
} from "../policy/help-desk.ts";
import { type Judgement, judge, offlineProblem } from "../policy/judge.ts";
import type { Attempt, Situation, Undecided } from "../policy/situation.ts";
import type { Standing } from "../policy/standing.ts";
import { StateDamaged } from "./failures.ts";
import { heldBundle, heldMachinePolicy } from "./held.ts";
import type { StateKeeper } from "./keeper.ts";
import type { EventDraft } from "./outbox.ts";
import type { Timekeeper } from "./timekeeper.ts";

export class Ledger implements SignInLedger {
  readonly #keeper: StateKeeper;
  readonly #timekeeper: Timekeeper;

  constructor(keeper: StateKeeper, timekeeper: Timekeeper) {
    this.#keeper = keeper;
    this.#timekeeper = timekeeper;
  }

  /** @throws NoState, StateDamaged */
  situation(user: string): Situation {
    const store = this.#keeper.store();
    const machine = heldMachinePolicy(store);
    if (machine === undefined) throw new StateDamaged("there is no machine policy");
    const time = this.#timekeeper.now(store.head.time);
    return { time, machine, enrolled: this.#enrolled(user), revoked: store.revokedSerial(user) > 0 };
  }

  /** The verdict may be told when this returns: what it costs is durable. @throws NoState, StateDamaged, CommitFailed */
  judge(attempt: Attempt, answers: readonly Answer[]): Judgement | Undecided {
    const { time, enrolled } = this.situation(attempt.user);
    if (typeof enrolled === "string")
      return this.#undecided(attempt, enrolled === "none" ? "not-enrolled" : "damaged");
    if (time.state === "turned-back") return this.#undecided(attempt, "time-turned-back");
    const judgement = judge(enrolled.standing, enrolled.open, answers, attempt.caller, time.moment);
    const outcome =
      judgement.verdict === "granted" ? { method: judgement.method } : { reason: judgement.reason };
    this.#commit([judgement.next], [signInEvent(attempt, judgement.verdict, { offline: true, ...outcome })]);
    return judgement;
  }

  /** True when an unlock of the grace period was left, and is now spent. @throws NoState, StateDamaged, CommitFailed */
  spendUnlock(attempt: Attempt): boolean {
    const { time, enrolled } = this.situation(attempt.user);
    if (typeof enrolled === "string" || time.state === "turned-back") return false;
    // No unlock is left to whom no offline sign-in is: locked out, lapsed, or switched off.
    if (offlineProblem(enrolled.standing, enrolled.open, attempt.caller, time.moment) !== undefined)
      return false;
    const grace = spendUnlock(enrolled.standing.grace, enrolled.open.bundle.policy.grace, time.moment);
    if (grace === undefined) return false;
    const event = signInEvent(attempt, "granted", { method: "grace" });
    this.#commit([{ ...enrolled.standing, grace }], [event]);
    return true;
  }

  /** A sign-in that was decided without judging answers; durable when it returns. @throws NoState, StateDamaged, CommitFailed */
  note(
    attempt: Attempt,
    verdict: Judgement["verdict"],
    more: Pick<EventDraft, "offline" | "method" | "reason">,
  ): void {
    this.#commit([], [signInEvent(attempt, verdict, more)]);
  }

  /** The challenge may be shown when this returns: it is kept. @throws NoState, StateDamaged, CommitFailed */
  offerHelpDesk(attempt: Attempt, reason: HelpDeskReason, random: Random): HelpDeskOffer {
    const { time, enrolled } = this.situation(attempt.user);
    if (typeof enrolled === "string") return { state: "off" };
    const { standing, open } = enrolled;
    const fresh = (kind: ChallengeKind) => makeChallenge(kind, random);
    const offer = offerHelpDesk(standing, open, attempt.caller, time, reason, fresh);
    if (offer.state === "offered" && offer.next !== undefined)
      this.#commit([offer.next], [helpDeskEvent(attempt, "shown", { reason })]);
    return offer;
  }

  /** The verdict may be told when this returns: the try is counted durably. @throws NoState, StateDamaged, CommitFailed */
  judgeHelpDesk(attempt: Attempt, challenge: string, answer: string): HelpDeskJudgement {
    const { time, enrolled } = this.situation(attempt.user);
    const judgement: HelpDeskJudgement =
      typeof enrolled === "string"
        ? { verdict: "refused", refusal: { state: "off" } }
        : judgeHelpDesk(enrolled.standing, enrolled.open, attempt.caller, time, challenge, answer);
    switch (judgement.verdict) {
      case "granted":
        this.#commit([judgement.next], [helpDeskEvent(attempt, "granted", { method: "help-desk" })]);
        break;
      case "denied":
        this.#commit([judgement.next], [helpDeskEvent(attempt, "denied", { reason: judgement.reason })]);
        break;
      case "refused":
        this.#commit([], [helpDeskEvent(attempt, "denied", { reason: judgement.refusal.state })]);
        break;
      default:
        unreachable(judgement);
    }
    return judgement;
  }

  #undecided(attempt: Attempt, reason: Undecided["reason"]): Undecided {
    this.#commit([], [signInEvent(attempt, "unavailable", { offline: true, reason })]);
    return { verdict: "unavailable", reason };
  }

  #enrolled(user: string): Situation["enrolled"] {
    const store = this.#keeper.store();
    try {
      const standing = store.standing(user);
      return standing === undefined ? "none" : { standing, open: heldBundle(store, standing) };
    } catch (error) {
      if (error instanceof StateDamaged) return "damaged";
      throw error;
    }
  }

  #commit(put: readonly Standing[], events: readonly EventDraft[]): void {
    const { moment, wallMs } = this.#timekeeper.now(this.#keeper.store().head.time);
    this.#keeper.commit({ nowMs: moment.nowMs, wallMs, put, events });
  }
}

function signInEvent(
  attempt: Attempt,
  verdict: Judgement["verdict"],
  more: Pick<EventDraft, "offline" | "method" | "reason">,
): EventDraft {
  const { user, kind, service } = attempt;
  return { kind: `sign-in-${verdict}`, user, signIn: kind, service, ...more };
}

function helpDeskEvent(
  attempt: Attempt,
  what: "shown" | "granted" | "denied",
  more: Pick<EventDraft, "method" | "reason">,
): EventDraft {
  const { user, kind, service } = attempt;
  return { kind: `help-desk-${what}`, user, signIn: kind, service, offline: true, ...more };
}
