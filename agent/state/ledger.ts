// Judge, commit, then answer. Each method reads, judges and commits without giving the event loop a turn: two dialogues
// that bring the same code are judged one after the other, the second against what the first has spent.

import type { SignInLedger } from "../dialogue/ports.ts";
import type { Answer } from "../factors/answer.ts";
import { spendUnlock } from "../policy/grace.ts";
import { type Judgement, judge } from "../policy/judge.ts";
import type { Attempt, Situation, Undecided } from "../policy/situation.ts";
import type { Standing } from "../policy/standing.ts";
import { StateDamaged } from "./failures.ts";
import { heldBundle, heldMachinePolicy } from "./held.ts";
import type { StateKeeper } from "./keeper.ts";
import type { EventDraft } from "./store.ts";
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
    return { time: this.#timekeeper.now(store.head.time), machine, enrolled: this.#enrolled(user) };
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
