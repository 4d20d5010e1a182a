// One sign-in, from BEGIN to END: what is asked, who judges it, what is told. Online first; the same answers are judged
// offline when the server doesn't answer within the budget. Decides nothing itself: policy, ledger and server do.

import type { End } from "../../protocol/dialogue/messages.ts";
import type { Factors, Policy } from "../../protocol/sync/policy.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { withSuffix } from "../../words/user-name.ts";
import type { Hashing } from "../factors/hashing.ts";
import { prepareAnswers } from "../factors/prepare.ts";
import type { HelpDeskReason } from "../policy/help-desk.ts";
import { leaseLeft } from "../policy/lease.ts";
import { type Attempt, policyInForce, type Situation } from "../policy/situation.ts";
import { addFirst } from "./add-first.ts";
import { afterGrant } from "./after-grant.ts";
import { type Asked, askQuestion } from "./ask.ts";
import { granted } from "./granted.ts";
import { askHelpDesk, asksForHelp } from "./help-desk.ts";
import { DialogueChallenge, type OpenChallenges } from "./challenge.ts";
import { type DialogueSpeech, dialogueSpeech } from "./languages/dialogue-speech.ts";
import type { SignInLedger, SignInProvisioning, SignInRecovery, SignInServer } from "./ports.ts";
import { betweenTexts } from "./policy-texts.ts";
import { type Bar, barTo, enrolledOf } from "./offline-bar.ts";
import { patiently } from "./patience.ts";
import { sameQuestions, sameTypes } from "./questions.ts";
import { recoverBySignIn } from "./recover.ts";
import { type Screen, screenOf } from "./screen.ts";
import type { Converse, Talk } from "./talk.ts";
import type { UserQueue } from "./user-queue.ts";
import * as shown from "./words-shown.ts";

export interface SignInParts {
  readonly recovery: SignInRecovery;
  readonly ledger: SignInLedger;
  readonly online: SignInServer;
  readonly provisioning: SignInProvisioning;
  readonly queue: UserQueue;
  readonly challenges: OpenChallenges;
  readonly hashing: Hashing;
  readonly clock: Clock;
  readonly random: Random;
  readonly mode: "online" | "offline";
  readonly mfa: "enabled" | "disabled";
  readonly usernameSuffix: string;
}

/** The policy has at most three questions, and the server may add as many. */
const mostQuestions = 6;

export function signIn(parts: SignInParts): Converse {
  return async (begin, caller, talk) => {
    const name = withSuffix(begin.user, parts.usernameSuffix);
    if (!name.ok) return { word: "END", verdict: "refused", why: name.error };
    if (parts.mfa === "disabled") return { word: "END", verdict: "granted", method: "disabled" };
    const attempt: Attempt = {
      user: name.value,
      kind: begin.kind,
      service: begin.service,
      caller: caller.uid === 0 ? "system" : "self",
    };
    const speech = dialogueSpeech(begin.lang);
    try {
      return await new SignIn(parts, attempt, talk, speech, screenOf(begin)).run();
    } catch (error) {
      const why = shown.whyNoState(error);
      if (why === undefined) throw error;
      if (parts.recovery.possible())
        return await recoverBySignIn(
          parts.recovery,
          attempt,
          parts.random.bytes(16).toBase64(),
          talk,
          speech,
        );
      talk.show("error", speech.say(why));
      return { word: "END", verdict: "unavailable" };
    }
  };
}

/** Nothing may be tried offline now: `end` is how the sign-in ends unless the help desk helps. */
interface Barred {
  readonly end: End;
  readonly helpDesk: HelpDeskReason | undefined;
}

class SignIn {
  readonly #parts: SignInParts;
  readonly #attempt: Attempt;
  readonly #talk: Talk;
  readonly #speech: DialogueSpeech;
  readonly #screen: Screen;
  readonly #dialogue: string;
  readonly #challenge: DialogueChallenge;
  /** The countdown has been shown. */
  #told = false;
  /** The person was told that they have no authenticator, and how to add one: once in a dialogue. */
  #firstOffered = false;
  /** The person has asked for the help desk at a prompt: once in a dialogue. */
  #helpAsked = false;

  constructor(parts: SignInParts, attempt: Attempt, talk: Talk, speech: DialogueSpeech, screen: Screen) {
    this.#parts = parts;
    this.#screen = screen;
    this.#attempt = attempt;
    this.#talk = talk;
    this.#speech = speech;
    this.#dialogue = parts.random.bytes(16).toBase64();
    this.#challenge = new DialogueChallenge(parts, attempt, this.#dialogue);
  }

  async run(): Promise<End> {
    const { ledger } = this.#parts;
    const situation = ledger.situation(this.#attempt.user);
    const unasked = this.#withoutAnswer(situation);
    if (unasked !== undefined) return unasked;
    const { texts } = this.#policyIn(situation);
    try {
      return await betweenTexts(texts, this.#shown(), () => this.#withAnswers(situation));
    } finally {
      this.#challenge.left();
    }
  }

  /** Sign-ins at which policy asks nothing. */
  #withoutAnswer(situation: Situation): End | undefined {
    const { ledger } = this.#parts;
    const { machine } = situation;
    const policy = this.#policyIn(situation);
    if (machine.exempt || policy.mfa === "exempt") return this.#grantUnasked("exempt");
    if (!policy.scope.includes(this.#attempt.kind)) return this.#grantUnasked("out-of-scope");
    if (this.#attempt.kind === "unlock" && ledger.spendUnlock(this.#attempt)) return granted("grace");
    return undefined;
  }

  async #withAnswers(before: Situation): Promise<End> {
    const { ledger, online, clock } = this.#parts;
    const knownDead = online.reach === "unreachable";
    const probing = online.probeWhileTyping();
    if (!knownDead) await patiently(clock, probing);
    // Where offline is refused anyway, news of the server is worth waiting for.
    const waits = online.reach === "unreachable" && this.#barTo(before) !== undefined;
    if (waits) await probing;
    // What was heard may have changed it: the time, or who may sign in here.
    const situation = waits ? ledger.situation(this.#attempt.user) : before;
    const offlineOnly = online.reach === "unreachable";
    if (offlineOnly) {
      const barred = this.#offlineBar(situation);
      if (barred !== undefined) return await this.#endBarred(barred);
      this.#tellWhatIsLeft(situation);
      this.#challenge.answeredOffline();
    }
    const policy = this.#policyIn(situation);
    const questions = offlineOnly ? policy.offline.factors : policy.online.factors;
    const answers = await this.#ask(questions, [], probing);
    if (!Array.isArray(answers)) return answers;
    // Answers to other questions or challenges than the server's are no use to it when it has come back meanwhile.
    const forServer =
      !this.#challenge.isDrawnHere && sameQuestions(questions, answers, policy.online.factors);
    for (;;) {
      const answeredMs = clock.monotonicMs();
      this.#challenge.answered();
      const end = await this.#parts.queue.run(this.#attempt.user, async () => {
        const verified = forServer
          ? await online.verify(this.#attempt, this.#dialogue, answers, answeredMs)
          : ({ verdict: "offline" } as const);
        return verified.verdict === "offline" && sameQuestions(questions, answers, policy.offline.factors)
          ? await this.#judgeOffline(answers)
          : verified;
      });
      if ("end" in end) return await this.#endBarred(end);
      if ("word" in end) return end;
      switch (end.verdict) {
        case "granted":
          await afterGrant(this.#shown(), this.#attempt, this.#dialogue, end);
          return granted(end.method, false);
        case "denied":
          return { word: "END", verdict: "denied" };
        case "locked":
          this.#talk.show("error", this.#speech.say("locked-online"));
          return { word: "END", verdict: "locked" };
        case "revoked":
          return this.#revoked();
        case "pin-needed":
          this.#talk.show("error", shown.setPin(this.#speech, end.address));
          return { word: "END", verdict: "denied" };
        case "no-authenticator": {
          if (this.#firstOffered) return { word: "END", verdict: "denied" };
          this.#firstOffered = true;
          if (end.question >= answers.length) return { word: "END", verdict: "unavailable" };
          const added = await addFirst(this.#shown(), this.#attempt, this.#dialogue, questions, end.question);
          if ("word" in added) return added;
          if (added.kind !== "answered") return await this.#unasked(added, questions, [], probing);
          // What answers the other questions is kept: nothing was judged yet.
          answers[end.question] = added.text;
          break;
        }
        case "more": {
          if (answers.length >= mostQuestions) return { word: "END", verdict: "unavailable" };
          const next = await this.#askOne(end.question, answers.length);
          if (next.kind !== "answered") return await this.#unasked(next, questions, answers, probing);
          answers.push(next.text);
          break;
        }
        case "offline":
          return await this.#offlineWithOtherQuestions(questions, answers, probing);
      }
    }
  }

  /** The offline questions differ from the online ones: answers to the same leading questions count, the rest is asked. */
  async #offlineWithOtherQuestions(
    asked: Factors,
    answers: readonly string[],
    probing: Promise<void>,
  ): Promise<End> {
    const situation = this.#parts.ledger.situation(this.#attempt.user);
    const barred = this.#offlineBar(situation);
    if (barred !== undefined) return await this.#endBarred(barred);
    this.#tellWhatIsLeft(situation);
    const questions = this.#policyIn(situation).offline.factors;
    this.#challenge.answeredOffline();
    const same = questions.findIndex((question, index) => !sameTypes(question, asked[index]));
    const kept = answers.slice(0, same === -1 ? questions.length : same);
    const all = await this.#ask(questions, kept, probing);
    if (!Array.isArray(all)) return all;
    const end = await this.#parts.queue.run(this.#attempt.user, () => this.#judgeOffline(all));
    return "end" in end ? await this.#endBarred(end) : end;
  }

  async #judgeOffline(texts: readonly string[]): Promise<End | Barred> {
    const { ledger } = this.#parts;
    const situation = ledger.situation(this.#attempt.user);
    const barred = this.#offlineBar(situation);
    if (barred !== undefined) return barred;
    const { open } = enrolledOf(situation) ?? {};
    const judgement = await this.#challenge.judge(async (challenge) =>
      ledger.judge(this.#attempt, await prepareAnswers(texts, open, challenge, this.#parts.hashing)),
    );
    switch (judgement.verdict) {
      case "granted":
        if (!this.#told) this.#tellWhatIsLeft(ledger.situation(this.#attempt.user));
        return granted(judgement.method, true);
      case "denied":
        return { word: "END", verdict: "denied" };
      case "locked":
      case "unavailable":
        this.#talk.show("error", shown.whyNotOffline(this.#speech, judgement));
        return { end: { word: "END", verdict: judgement.verdict }, helpDesk: judgement.reason };
    }
  }

  /** What ends an offline sign-in whatever the answers; noted durably before it is told. */
  #offlineBar(situation: Situation): Barred | undefined {
    const bar = this.#barTo(situation);
    if (bar === undefined) return undefined;
    if (bar === "skipped") return { end: this.#grantUnasked("skipped", true), helpDesk: undefined };
    this.#parts.ledger.note(this.#attempt, bar.verdict, { offline: true, reason: bar.reason });
    this.#talk.show("error", shown.whyNotOffline(this.#speech, bar));
    const helpDesk = bar.reason === "online-only" ? undefined : bar.reason;
    return { end: { word: "END", verdict: bar.verdict }, helpDesk };
  }

  /** Never within the user's queue: a person on the phone would hold up all others. */
  async #endBarred({ end, helpDesk }: Barred): Promise<End> {
    if (helpDesk === undefined) return end;
    return (await askHelpDesk(this.#parts, this.#attempt, helpDesk, this.#talk, this.#speech)) ?? end;
  }

  #barTo(situation: Situation): Bar | "skipped" | undefined {
    return barTo(situation, this.#policyIn(situation), this.#parts.mode, this.#attempt.caller);
  }

  #tellWhatIsLeft(situation: Situation): void {
    const enrolled = enrolledOf(situation);
    if (enrolled === undefined || this.#told) return;
    this.#told = true;
    const { standing, open } = enrolled;
    const left = leaseLeft(open.bundle.lease, standing.signInsUsed, situation.time.moment.nowMs);
    this.#talk.show("info", shown.outOfReach(this.#speech, left));
  }

  /** The answers; or the end, when the person asked for the help desk instead, or no code could be sent. */
  async #ask(questions: Factors, kept: readonly string[], probing: Promise<void>): Promise<string[] | End> {
    const answers = [...kept];
    for (const question of questions.slice(kept.length)) {
      let answer = await this.#askOne(question, answers.length);
      if (answer.kind === "answered" && asksForHelp(answer.text) && !this.#helpAsked) {
        this.#helpAsked = true;
        const end = await this.#askedForHelp(probing);
        if (end !== undefined) return end;
        answer = await this.#askOne(question, answers.length);
      }
      if (answer.kind !== "answered") return await this.#unasked(answer, questions, answers, probing);
      answers.push(answer.text);
    }
    return answers;
  }

  /** Undefined when it can't help here, or the person has given up: the code is asked for again. */
  async #askedForHelp(probing: Promise<void>): Promise<End | undefined> {
    const { online, mode } = this.#parts;
    await probing;
    const helps = online.reach === "unreachable" && mode === "offline";
    if (helps) return await askHelpDesk(this.#parts, this.#attempt, "asked", this.#talk, this.#speech);
    this.#talk.show("info", this.#speech.say("no-help-desk-online"));
    return undefined;
  }

  #askOne(question: Factors[number], index: number): Promise<Asked> {
    return askQuestion(this.#shown(), this.#attempt, this.#dialogue, question, index);
  }

  /** No code could be sent. Out of reach: the offline questions take the place of those that are left. */
  async #unasked(
    { kind }: Exclude<Asked, { kind: "answered" }>,
    questions: Factors,
    answers: readonly string[],
    probing: Promise<void>,
  ): Promise<End> {
    if (kind === "revoked") return this.#revoked();
    return await this.#offlineWithOtherQuestions(questions, answers, probing);
  }

  #revoked(): End {
    this.#talk.show("error", this.#speech.say("revoked-here"));
    return { word: "END", verdict: "unavailable" };
  }

  #shown() {
    return {
      ...this.#parts,
      screen: this.#screen,
      speech: this.#speech,
      talk: this.#talk,
      challenge: this.#challenge,
      pinPlace: () => this.#policyIn(this.#parts.ledger.situation(this.#attempt.user)).pin.place,
    };
  }

  #policyIn(situation: Situation): Policy {
    return policyInForce(situation, this.#attempt.user).policy;
  }

  #grantUnasked(method: string, offline?: boolean): End {
    const more = offline === undefined ? { method } : { method, offline };
    this.#parts.ledger.note(this.#attempt, "granted", more);
    return granted(method, offline);
  }
}
