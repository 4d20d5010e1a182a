// What a sign-in needs of state and server. Behind these are state/ledger.ts and sync/online.ts.

import type { Factors, SentType } from "../../protocol/sync/policy.ts";
import type { Language } from "../../words/language.ts";
import type { Random } from "../../words/random.ts";
import type { Secret } from "../../words/secret.ts";
import type { Answer, Challenge } from "../factors/answer.ts";
import type { HelpDeskJudgement, HelpDeskOffer, HelpDeskReason } from "../policy/help-desk.ts";
import type { Judgement } from "../policy/judge.ts";
import type { Attempt, Situation, Undecided } from "../policy/situation.ts";

/**
 * Judge, commit, then answer: what a verdict costs is durable when a method returns. All throw when it can't be, or when
 * there is no state to judge by; errors with the code `NO_STATE` or `STATE_DAMAGED` can be told to the person.
 */
export interface SignInLedger {
  situation(user: string): Situation;
  judge(attempt: Attempt, answers: readonly Answer[]): Judgement | Undecided;
  /** True when an unlock of the grace period was left, and is now spent. */
  spendUnlock(attempt: Attempt): boolean;
  /** A sign-in that was decided without judging answers. */
  note(
    attempt: Attempt,
    verdict: Judgement["verdict"],
    more: { readonly offline?: boolean; readonly method?: string; readonly reason?: string },
  ): void;
  /** The challenge may be shown when this returns. */
  offerHelpDesk(attempt: Attempt, reason: HelpDeskReason, random: Random): HelpDeskOffer;
  /** The try is counted when this returns, and what a grant spends is spent. */
  judgeHelpDesk(attempt: Attempt, challenge: string, answer: string): HelpDeskJudgement;
}

export type Verified =
  | {
      readonly verdict: "granted";
      readonly method: string;
      readonly mayEnrol: boolean;
      /** The user's seed on this machine may be shown. */
      readonly maySeed: boolean;
    }
  | { readonly verdict: "denied" | "locked" | "revoked" }
  /** All was right; but a PIN is to be set first, there. */
  | { readonly verdict: "pin-needed"; readonly address: string }
  /** The user has none, and may add one now that answers the question of this number. */
  | { readonly verdict: "no-authenticator"; readonly question: number }
  | { readonly verdict: "more"; readonly question: Factors[number] }
  /** No word of the server within the budget: to be judged offline. */
  | { readonly verdict: "offline" };

export type ChallengeGiven =
  | ({ readonly kind: "given" } & Challenge)
  | { readonly kind: "offline" | "revoked" };

/** The way back from a state or a key that is lost. */
export interface SignInRecovery {
  possible(): boolean;
  /** `granted` comes with a new state in place; `offline` leaves everything as it was. @throws when the new state can't be kept. */
  verify(attempt: Attempt, dialogue: string, answers: readonly string[]): Promise<Verified>;
}

export interface SignInServer {
  readonly reach: "unknown" | "reachable" | "unreachable";
  /** Resolves when it is known whether the server answers. Never rejects. */
  probeWhileTyping(): Promise<void>;
  /** `startedMs`: when the answer came (monotonic); the budget counts from then. */
  verify(
    attempt: Attempt,
    dialogue: string,
    answers: readonly string[],
    startedMs: number,
  ): Promise<Verified>;
  /** Before a question that takes a code which the server sends. `to`: where to, if that is told. */
  sendCode(
    attempt: Attempt,
    dialogue: string,
    types: readonly SentType[],
    language: Language,
  ): Promise<
    { readonly kind: "sent"; readonly to: string | null } | { readonly kind: "offline" | "revoked" }
  >;
  /** Before a question that takes a response. The same one however often this dialogue asks. */
  challenge(attempt: Attempt, dialogue: string): Promise<ChallengeGiven>;
  /** The user said yes. False when the server couldn't be asked, or wouldn't. */
  enrol(attempt: Attempt, dialogue: string): Promise<boolean>;
  /** A seed that counts once it was proved. Undefined when the server couldn't be asked, or wouldn't. */
  showSeed(dialogue: string): Promise<Provided | undefined>;
  /** `proved`: what this machine keeps has the seed. `refused`: also when the server couldn't be asked. */
  proveSeed(attempt: Attempt, dialogue: string, code: string): Promise<"proved" | "wrong" | "refused">;
}

/** Adding a first authenticator. `refused`: also when the server couldn't be asked. */
export interface SignInProvisioning {
  begin(attempt: Attempt, dialogue: string): Promise<FirstStep>;
  /** For a screen that can't show a key. Undefined when the server couldn't be asked, or wouldn't. */
  beginElsewhere(attempt: Attempt, dialogue: string): Promise<Elsewhere | undefined>;
  proveMail(attempt: Attempt, dialogue: string, ticket: string, code: string): Promise<FirstStep>;
  /** `granted`: what the sign-in has brought is committed. */
  prove(attempt: Attempt, dialogue: string, code: string): Promise<FirstProved>;
}

export type FirstStep =
  | { readonly is: "shown"; readonly provided: Provided }
  | { readonly is: "mailed"; readonly ticket: string; readonly to: string }
  | { readonly is: "wrong" | "refused" };

export type FirstProved =
  | { readonly is: "granted"; readonly method: string; readonly mayEnrol: boolean }
  /** `added`: its next code answers the question. `waiting`: the phone has not shown a key yet. */
  | { readonly is: "added" | "wrong" | "waiting" | "refused" };

/** Where a phone goes on, and with which code. */
export interface Elsewhere {
  readonly address: string;
  readonly code: Secret;
}

/** What is shown once and kept nowhere here. */
export interface Provided {
  readonly secret: Secret;
  readonly uri: Secret;
}
