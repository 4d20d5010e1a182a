// Online MFA: the probe that starts while the user is typing, and the server's verdict on what was typed. What a granted
// verify brings is committed here before it is told: from then on the same code is spent offline too.

import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { ResponseOf } from "../../protocol/sync/exchanges.ts";
import type { SentType } from "../../protocol/sync/policy.ts";
import { type Clock, secondMs } from "../../words/clock.ts";
import type { Language } from "../../words/language.ts";
import type { ChallengeGiven, Provided, SignInServer, Verified } from "../dialogue/ports.ts";
import type { Hashing } from "../factors/hashing.ts";
import { prepareAnswers } from "../factors/prepare.ts";
import { beginGrace } from "../policy/grace.ts";
import { spendSeen } from "../policy/seen.ts";
import type { Attempt, Enrolled } from "../policy/situation.ts";
import { StateDamaged } from "../state/failures.ts";
import { heldBundle } from "../state/held.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { EventDraft } from "../state/outbox.ts";
import { spentToTell } from "../state/spent-here.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
import { openProvided, pinPage, sealCode } from "./provided.ts";
import type { Reach, Reachability } from "./reach.ts";
import { receiveBundle } from "./receive.ts";
import { sealAnswers } from "./seal-answers.ts";
import type { Question, ServerLink } from "./server-link.ts";

export interface OnlineParts {
  readonly link: ServerLink;
  readonly keeper: StateKeeper;
  readonly timekeeper: Timekeeper;
  readonly reach: Reach;
  readonly clock: Clock;
  readonly hashing: Hashing;
  /** For all that happens between two lines to a person. */
  readonly budgetMs: number;
  /** After an online MFA: events that wait go up in the background. */
  readonly syncSoon: () => void;
}

const pauseMs = 3 * secondMs;

export class Online implements SignInServer {
  readonly #parts: OnlineParts;
  #probing: Promise<void> | undefined;
  #probedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: OnlineParts) {
    this.#parts = parts;
  }

  get reach(): Reachability {
    return this.#parts.reach.state;
  }

  /** While a person is typing. A server that was out of reach a moment ago is not asked again yet. */
  async probeWhileTyping(): Promise<void> {
    const sinceMs = this.#parts.clock.monotonicMs() - this.#probedMs;
    if (this.#isOutOfReach() && sinceMs < pauseMs) return;
    await this.probe();
  }

  /** Resolves when it is known whether the server answers; `reach` has the outcome. One at a time, shared. Never rejects. */
  probe(): Promise<void> {
    this.#probedMs = this.#parts.clock.monotonicMs();
    this.#probing ??= this.#parts.link
      .askNow("probe", {}, this.#parts.budgetMs)
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        this.#probing = undefined;
      });
    return this.#probing;
  }

  /** `startedMs`: when the answer came (monotonic); the budget counts from then. @throws NoState, StateDamaged, CommitFailed */
  async verify(
    attempt: Attempt,
    dialogue: string,
    answers: readonly string[],
    startedMs: number,
  ): Promise<Verified> {
    const { link, keeper, clock, budgetMs } = this.#parts;
    // A server known to be out of reach costs no wait, also while a probe is still trying.
    if (this.#isOutOfReach()) return { verdict: "offline" };
    if (this.#probing !== undefined) await this.#probing;
    const leftMs = budgetMs - (clock.monotonicMs() - startedMs);
    if (this.#isOutOfReach() || leftMs <= 0) return { verdict: "offline" };
    const store = keeper.store();
    const question = {
      dialogue,
      user: attempt.user,
      kind: attempt.kind,
      service: attempt.service,
      caller: attempt.caller,
      sealedAnswers: sealAnswers(store.server().boxKey, answers),
      spent: spentToTell(store, attempt.user),
    };
    const asked = await link.askNow("verify", question, leftMs);
    if (keeper.condition().state === "revoked") return { verdict: "revoked" };
    if (!asked.ok) return { verdict: "offline" };
    const { result } = asked.response;
    if (result.verdict === "denied" || result.verdict === "pin-needed")
      await this.#refused(attempt.user, answers);
    if (result.verdict === "pin-needed")
      return { verdict: "pin-needed", address: pinPage(result.address, store.server().url) };
    if (result.verdict !== "granted") return result;
    this.settle(attempt, result.bundle);
    this.#parts.syncSoon();
    const { method, mayEnrol, maySeed } = result;
    return { verdict: "granted", method, mayEnrol, maySeed };
  }

  /** Nobody waits for the mail itself: the server has queued it when it answers. */
  async sendCode(
    attempt: Attempt,
    dialogue: string,
    types: readonly SentType[],
    language: Language,
  ): ReturnType<SignInServer["sendCode"]> {
    const { user, kind, service, caller } = attempt;
    const question = { dialogue, user, kind, service, caller, types: [...types], language };
    const asked = await this.#askBefore("sendCode", question);
    return "kind" in asked ? asked : { kind: "sent", to: asked.to };
  }

  async challenge({ user, caller }: Attempt, dialogue: string): Promise<ChallengeGiven> {
    const asked = await this.#askBefore("challenge", { dialogue, user, caller });
    if ("kind" in asked) return asked;
    return { kind: "given", digits: asked.challenge, drawnAtMs: asked.drawnAtMs };
  }

  /** What has to be heard of the server before a question is asked: within the budget, or not at all. */
  async #askBefore<N extends "sendCode" | "challenge">(
    name: N,
    question: Question<N>,
  ): Promise<ResponseOf<N> | { readonly kind: "offline" | "revoked" }> {
    const { link, keeper, clock, budgetMs } = this.#parts;
    if (this.#isOutOfReach()) return { kind: "offline" };
    const startedMs = clock.monotonicMs();
    if (this.#probing !== undefined) await this.#probing;
    const leftMs = budgetMs - (clock.monotonicMs() - startedMs);
    if (this.#isOutOfReach() || leftMs <= 0) return { kind: "offline" };
    const asked = await link.askNow(name, question, leftMs);
    if (keeper.condition().state === "revoked") return { kind: "revoked" };
    return asked.ok ? asked.response : { kind: "offline" };
  }

  /** The user said yes. False when the server couldn't be asked, or wouldn't. @throws NoState, StateDamaged, CommitFailed */
  async enrol(attempt: Attempt, dialogue: string): Promise<boolean> {
    const asked = await this.#parts.link.askNow("enrol", { dialogue }, this.#parts.budgetMs);
    if (!asked.ok || asked.response.bundle === null) return false;
    this.settle(attempt, asked.response.bundle);
    return true;
  }

  async showSeed(dialogue: string): Promise<Provided | undefined> {
    const { link, keeper, budgetMs } = this.#parts;
    const asked = await link.askNow("provide", { dialogue, step: { do: "show-seed" } }, budgetMs);
    if (!asked.ok || asked.response.result.is !== "shown") return undefined;
    return openProvided(keeper.store().keys.identity.box, asked.response.result.sealed);
  }

  /** @throws NoState, StateDamaged, CommitFailed */
  async proveSeed(attempt: Attempt, dialogue: string, code: string): Promise<"proved" | "wrong" | "refused"> {
    const { link, keeper, budgetMs } = this.#parts;
    const step = { do: "prove-seed", sealedCode: sealCode(keeper.store().server().boxKey, code) } as const;
    const asked = await link.askNow("provide", { dialogue, step }, budgetMs);
    if (!asked.ok) return "refused";
    const { result } = asked.response;
    if (result.is === "proved") this.settle(attempt, result.bundle);
    return result.is === "proved" || result.is === "wrong" ? result.is : "refused";
  }

  #isOutOfReach(): boolean {
    return this.#parts.reach.state === "unreachable";
  }

  /**
   * An enrolled user for whom no bundle came is enrolled no longer: keeping the old one would keep the code just used
   * good offline. A bundle that can't be taken makes the sign-in fail for the same reason.
   */
  settle(attempt: Attempt, document: SignedDocument | null): void {
    const { keeper, timekeeper } = this.#parts;
    const store = keeper.store();
    const { moment, wallMs } = timekeeper.now(store.head.time);
    const { user } = attempt;
    if (document === null) {
      if (!store.isEnrolled(user)) return;
      const event: EventDraft = { kind: "disenrolled", user, reason: "not-renewed" };
      keeper.commit({ nowMs: moment.nowMs, wallMs, remove: [user], events: [event] });
      return;
    }
    const received = receiveBundle(store, document, user, store.keys.identity.box, moment.nowMs);
    if (!received.ok) {
      const event: EventDraft = { kind: "bundle-refused", user, reason: received.error.slice(0, 64) };
      keeper.commit({ nowMs: moment.nowMs, wallMs, events: [event] });
      // A server that was put back from a backup counts behind what is held here: a sync tells it how far it was.
      this.#parts.syncSoon();
      throw new StateDamaged("the server's bundle can't be taken");
    }
    const standing = { ...received.value.standing, grace: beginGrace(moment) };
    const events: EventDraft[] = received.value.isNew ? [{ kind: "enrolled", user }] : [];
    const { forget } = received.value;
    keeper.commit({ nowMs: moment.nowMs, wallMs, put: [standing], forget, events });
  }

  /** Whether a code was right that came with a wrong PIN, only the server knows: a sync brings what it has spent. */
  async #refused(user: string, answers: readonly string[]): Promise<void> {
    await this.#spendSeen(user, answers);
    if ((this.#enrolled(user)?.open.pin ?? null) !== null) this.#parts.syncSoon();
  }

  /** What the server has judged is not judged again here, whether or not its answer said what it spent. */
  async #spendSeen(user: string, texts: readonly string[]): Promise<void> {
    const { keeper, timekeeper } = this.#parts;
    const open = this.#enrolled(user)?.open;
    if (open === undefined) return;
    const answers = await prepareAnswers(texts, open, undefined, this.#parts.hashing);
    const enrolled = this.#enrolled(user);
    if (enrolled === undefined) return;
    const { standing } = enrolled;
    const { moment, wallMs } = timekeeper.now(keeper.store().head.time);
    const next = spendSeen(standing, enrolled.open, answers, enrolled.open.bundle.policy, moment.nowMs);
    if (next !== standing) keeper.commit({ nowMs: moment.nowMs, wallMs, put: [next] });
  }

  #enrolled(user: string): Enrolled | undefined {
    const store = this.#parts.keeper.store();
    try {
      const standing = store.standing(user);
      return standing === undefined ? undefined : { standing, open: heldBundle(store, standing) };
    } catch (error) {
      if (error instanceof StateDamaged) return undefined;
      throw error;
    }
  }
}
