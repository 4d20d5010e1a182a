// The challenge of a dialogue, shown with every question that takes a response to one. The server gives it, and its own only;
// while the server can't be asked it is drawn here. See docs/decisions/0042.

import { challengeLifeMs, challengeOf, type GivenChallenge } from "../../otp/challenge.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { Challenge } from "../factors/answer.ts";
import type { Attempt } from "../policy/situation.ts";
import type { ChallengeGiven, SignInServer } from "./ports.ts";

/**
 * The challenges drawn here, in memory alone: a dialogue does not survive the agent, so neither does what its response is good
 * for. Users who can't sign in offline are not asked, so there are no more names than enrolments.
 */
export class DrawnChallenges {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #given = new Map<string, readonly GivenChallenge[]>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  give(attempt: Attempt, dialogue: string): string {
    const who = whoOf(attempt);
    const nowMs = this.#clock.monotonicMs();
    const open = (this.#given.get(who) ?? []).filter((one) => nowMs < one.givenAtMs + challengeLifeMs);
    const { challenge, takenFrom } = challengeOf(dialogue, open, this.#random, nowMs);
    const others = open.filter((one) => one.dialogue !== dialogue && one.dialogue !== takenFrom);
    this.#given.set(who, [...others, challenge]);
    return challenge.digits;
  }

  /** It is over by that. Undefined when it was before, or has become another dialogue's. */
  take(attempt: Attempt, dialogue: string): string | undefined {
    const who = whoOf(attempt);
    const given = this.#given.get(who) ?? [];
    const left = given.filter((one) => one.dialogue !== dialogue);
    if (left.length === 0) this.#given.delete(who);
    else this.#given.set(who, left);
    return given.find((one) => one.dialogue === dialogue)?.digits;
  }
}

/** What a program of the user's own begins takes nothing from root's dialogues. */
function whoOf({ caller, user }: Attempt): string {
  return `${caller} ${user}`;
}

export class DialogueChallenge {
  readonly #online: SignInServer;
  readonly #drawn: DrawnChallenges;
  readonly #attempt: Attempt;
  readonly #dialogue: string;
  #challenge: Challenge | undefined;
  #offline = false;

  constructor(
    parts: { readonly online: SignInServer; readonly challenges: DrawnChallenges },
    attempt: Attempt,
    dialogue: string,
  ) {
    this.#online = parts.online;
    this.#drawn = parts.challenges;
    this.#attempt = attempt;
    this.#dialogue = dialogue;
  }

  /** The answers to come are judged here. One that the server has given stays: it was shown. */
  answeredOffline(): void {
    this.#offline = true;
  }

  /** The server knows nothing of it: responses to it are not for the server. */
  get isDrawnHere(): boolean {
    return this.#challenge?.givenAtMs === null;
  }

  async get(): Promise<ChallengeGiven> {
    if (this.#challenge === undefined && this.#offline)
      this.#challenge = { digits: this.#drawn.give(this.#attempt, this.#dialogue), givenAtMs: null };
    if (this.#challenge === undefined) {
      const given = await this.#online.challenge(this.#attempt, this.#dialogue);
      if (given.kind !== "given") return given;
      this.#challenge = { digits: given.digits, givenAtMs: given.givenAtMs };
    }
    return { kind: "given", ...this.#challenge };
  }

  /** For the one judgement of this dialogue that is made here. */
  forJudgement(): Challenge | undefined {
    if (!this.isDrawnHere) return this.#challenge;
    const digits = this.#drawn.take(this.#attempt, this.#dialogue);
    return digits === undefined ? undefined : { digits, givenAtMs: null };
  }
}
