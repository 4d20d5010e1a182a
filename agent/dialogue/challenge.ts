// The challenge of a dialogue, shown with every question that takes a response to one. The server gives it, and its own only;
// while the server can't be asked it is drawn here. See docs/decisions/0042.

import { isOpen, nextChallenge, type OpenChallenge } from "../../otp/challenge.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { Challenge } from "../factors/answer.ts";
import type { Attempt } from "../policy/situation.ts";
import type { ChallengeGiven, SignInServer } from "./ports.ts";

/**
 * What dialogues show, in memory alone: a dialogue does not survive the agent, so neither does what its response is good for.
 * Several may show the same one, whoever drew it; the first that is answered ends it for the others.
 */
export class OpenChallenges {
  readonly #clock: Clock;
  readonly #random: Random;
  /**
   * Those drawn here that nobody has answered. Users who can't sign in offline are not asked, so there are no more names than
   * enrolments.
   */
  readonly #drawn = new Map<string, readonly OpenChallenge[]>();
  /** By dialogue, as long as it goes on and its response is good for anything here. */
  readonly #shown = new Map<string, Shown>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  draw(attempt: Attempt, dialogue: string): string {
    const who = whoOf(attempt);
    const nowMs = this.#clock.monotonicMs();
    const open = (this.#drawn.get(who) ?? []).filter((one) => isOpen(one, nowMs));
    const challenge = nextChallenge(open, this.#random, nowMs);
    const others = open.filter(({ digits }) => digits !== challenge.digits);
    this.#drawn.set(who, [...others, challenge]);
    this.show(attempt, dialogue, challenge.digits);
    return challenge.digits;
  }

  show(attempt: Attempt, dialogue: string, digits: string): void {
    this.#shown.set(dialogue, { who: whoOf(attempt), digits });
  }

  /** Whoever has seen that can't use it in another dialogue any more. */
  answered(dialogue: string): void {
    const own = this.#shown.get(dialogue);
    for (const [other, { who, digits }] of this.#shown)
      if (other !== dialogue && who === own?.who && digits === own.digits) this.#shown.delete(other);
  }

  /** For the one judgement that is made here of what this dialogue shows. Undefined when another one was answered first. */
  take(dialogue: string): Shown | undefined {
    this.answered(dialogue);
    const own = this.#shown.get(dialogue);
    this.#shown.delete(dialogue);
    return own;
  }

  /** It was judged: nobody is given it any more, and who was meanwhile has it no longer. */
  over({ who, digits }: Shown): void {
    const left = (this.#drawn.get(who) ?? []).filter((one) => one.digits !== digits);
    if (left.length === 0) this.#drawn.delete(who);
    else this.#drawn.set(who, left);
    for (const [dialogue, shown] of this.#shown)
      if (shown.who === who && shown.digits === digits) this.#shown.delete(dialogue);
  }

  left(dialogue: string): void {
    this.#shown.delete(dialogue);
  }
}

interface Shown {
  readonly who: string;
  readonly digits: string;
}

/** What a program of the user's own begins takes nothing from root's dialogues. */
function whoOf({ caller, user }: Attempt): string {
  return `${caller} ${user}`;
}

export class DialogueChallenge {
  readonly #online: SignInServer;
  readonly #open: OpenChallenges;
  readonly #attempt: Attempt;
  readonly #dialogue: string;
  #challenge: Challenge | undefined;
  #offline = false;

  constructor(
    parts: { readonly online: SignInServer; readonly challenges: OpenChallenges },
    attempt: Attempt,
    dialogue: string,
  ) {
    this.#online = parts.online;
    this.#open = parts.challenges;
    this.#attempt = attempt;
    this.#dialogue = dialogue;
  }

  /** The answers to come are judged here. One that the server has given stays: it was shown. */
  answeredOffline(): void {
    this.#offline = true;
  }

  /** The server knows nothing of it: responses to it are not for the server. */
  get isDrawnHere(): boolean {
    return this.#challenge?.drawnAtMs === null;
  }

  async get(): Promise<ChallengeGiven> {
    if (this.#challenge === undefined && this.#offline)
      this.#challenge = { digits: this.#open.draw(this.#attempt, this.#dialogue), drawnAtMs: null };
    if (this.#challenge === undefined) {
      const given = await this.#online.challenge(this.#attempt, this.#dialogue);
      if (given.kind !== "given") return given;
      const { digits, drawnAtMs } = given;
      this.#challenge = { digits, drawnAtMs };
      this.#open.show(this.#attempt, this.#dialogue, digits);
    }
    return { kind: "given", ...this.#challenge };
  }

  /** All questions of this dialogue were. */
  answered(): void {
    this.#open.answered(this.#dialogue);
  }

  /** The one judgement of this dialogue that is made here. When it fails nothing was judged, and nobody has answered. */
  async judge<T>(judge: (challenge: Challenge | undefined) => Promise<T>): Promise<T> {
    const shown = this.#open.take(this.#dialogue);
    const judged = await judge(shown && this.#challenge);
    if (shown !== undefined) this.#open.over(shown);
    return judged;
  }

  /** The dialogue has ended. */
  left(): void {
    this.#open.left(this.#dialogue);
  }
}
