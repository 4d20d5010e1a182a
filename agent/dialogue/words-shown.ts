// Which of the sign-in's texts says what happened, with what is to be filled in.

import { inGroups } from "../../otp/help-desk.ts";
import type { PinPlace } from "../../otp/pin.ts";
import { type FactorType, isSentType, keyTypes } from "../../protocol/sync/policy.ts";
import { minuteMs } from "../../words/clock.ts";
import { unreachable } from "../../words/unreachable.ts";
import type { OfflineProblem } from "../policy/judge.ts";
import type { LeaseLeft } from "../policy/lease.ts";
import type { Undecided } from "../policy/situation.ts";
import type { DialogueSpeech } from "./languages/dialogue-speech.ts";

/**
 * `place`: where policy has the PIN in answers to questions that take more than paper. `challenge`: of a question that takes a
 * response to it.
 */
export function prompt(
  speech: DialogueSpeech,
  question: readonly FactorType[],
  index: number,
  place: PinPlace,
  challenge?: string,
): string {
  const code = promptForCode(speech, question, index, challenge);
  const takesPin = place !== "none" && question.some((type) => keyTypes.some((key) => key === type));
  return takesPin ? `${speech.say(`pin-${place}`)} ${code}` : code;
}

function promptForCode(
  speech: DialogueSpeech,
  question: readonly FactorType[],
  index: number,
  challenge: string | undefined,
): string {
  if (challenge === undefined) return askedFor(speech, question, index);
  const shown = speech.say("challenge", { challenge: inGroups(challenge) });
  const byCode = question.some((type) => type !== "ocra" && type !== "backup-codes");
  if (question.some(isSentType)) return shown + askedFor(speech, question, index);
  const [first, next] = byCode
    ? (["code-or-response", "next-code-or-response"] as const)
    : (["response", "next-response"] as const);
  return shown + speech.say(index === 0 ? first : next);
}

function askedFor(speech: DialogueSpeech, question: readonly FactorType[], index: number): string {
  const sent = question.find(isSentType);
  if (sent !== undefined && !question.every(isSentType)) {
    const by = sent === "email" ? "mail" : "sms";
    return speech.say(index === 0 ? `code-or-${by}` : `next-code-or-${by}`);
  }
  const oneTime = question.some((type) => type !== "backup-codes");
  if (index === 0) return speech.say(oneTime ? "one-time-code" : "backup-code");
  return speech.say(oneTime ? "next-one-time-code" : "next-backup-code");
}

/** `to`: null where it is not told whether a code was sent. */
export function promptForSent(speech: DialogueSpeech, to: string | null): string {
  return to === null ? speech.say("code-sent") : speech.say("code-sent-to", { to });
}

/** Told to whoever has given right codes alone. */
export function setPin(speech: DialogueSpeech, address: string): string {
  return speech.say("pin-needed", { address });
}

export function outOfReach(speech: DialogueSpeech, left: LeaseLeft): string {
  return speech.say("out-of-reach", { left: countdown(speech, left) });
}

function countdown(speech: DialogueSpeech, left: LeaseLeft): string {
  const days = speech.say("days", { count: left.days });
  if (left.signIns === null) return speech.say("days-left", { days });
  return speech.say("days-and-sign-ins-left", {
    days,
    signIns: speech.say("sign-ins", { count: left.signIns }),
  });
}

export function whyNotOffline(
  speech: DialogueSpeech,
  problem: OfflineProblem | Undecided | { readonly reason: "online-only" },
): string {
  if (problem.reason === "locked-out")
    return speech.say("locked-out", { minutes: minutes(speech, problem.forMs) });
  return `${speech.say(whatIsWrong(problem.reason))} ${speech.say("connect")}`;
}

function whatIsWrong(
  reason: Exclude<OfflineProblem["reason"] | Undecided["reason"] | "online-only", "locked-out">,
) {
  switch (reason) {
    case "lease-expired":
    case "sign-ins-used-up":
    case "guess-limit":
    case "damaged":
    case "offline-off":
      return reason;
    case "lease-not-begun":
    case "time-turned-back":
      return "clock-wrong";
    case "online-only":
      return "offline-off";
    case "not-enrolled":
    case "no-authenticator":
      return "not-enrolled";
    default:
      return unreachable(reason);
  }
}

export function callHelpDesk(speech: DialogueSpeech, challenge: string): string {
  return speech.say("call-help-desk", { challenge: inGroups(challenge) });
}

export function helpDeskTriedOut(speech: DialogueSpeech, forMs: number): string {
  return speech.say("help-desk-tried-out", { minutes: minutes(speech, forMs) });
}

function minutes(speech: DialogueSpeech, ms: number): string {
  return speech.say("minutes", { count: Math.ceil(ms / minuteMs) });
}

/** Undefined for a failure that is nobody's business at a sign-in screen. */
export function whyNoState(error: unknown): "state-broken" | "revoked-here" | "not-joined" | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code === "STATE_DAMAGED" || error.code === "STATE_UNREADABLE") return "state-broken";
  if (error.code !== "NO_STATE") return undefined;
  return "why" in error && error.why === "revoked" ? "revoked-here" : "not-joined";
}

/** Yes in the language that was asked in, or in English. */
export function saysYes(speech: DialogueSpeech, answer: string): boolean {
  const given = answer.trim().normalize("NFC").toLowerCase();
  return ["y", "yes", ...speech.say("yes").split(" ")].includes(given);
}
