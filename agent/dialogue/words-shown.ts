// What a person reads during a sign-in. Says what to do; says nothing that a stranger could use.

import { inGroups } from "../../otp/help-desk.ts";
import type { AuthenticatorType } from "../../protocol/sync/policy.ts";
import { minuteMs } from "../../words/clock.ts";
import { unreachable } from "../../words/unreachable.ts";
import type { OfflineProblem } from "../policy/judge.ts";
import type { LeaseLeft } from "../policy/lease.ts";
import type { Undecided } from "../policy/situation.ts";

export function prompt(question: readonly AuthenticatorType[], index: number): string {
  const what = question.some((type) => type !== "backup-codes") ? "One-time code" : "Backup code";
  return index === 0 ? `${what}: ` : `Next, ${what.toLowerCase()}: `;
}

export function countdown(left: LeaseLeft): string {
  const days = left.days === 1 ? "1 day" : `${left.days} days`;
  if (left.signIns === null) return `${days} left`;
  return `${days} and ${left.signIns === 1 ? "1 sign-in" : `${left.signIns} sign-ins`} left`;
}

export function outOfReach(left: LeaseLeft): string {
  return `The server is out of reach. Offline sign-in: ${countdown(left)}.`;
}

export function whyNotOffline(
  problem: OfflineProblem | Undecided | { readonly reason: "online-only" },
): string {
  const connect = "Connect to the network and sign in again.";
  switch (problem.reason) {
    case "locked-out":
      return `Too many wrong codes. Try again in ${minutes(problem.forMs)}.`;
    case "lease-expired":
      return `The days of offline sign-in have run out. ${connect}`;
    case "sign-ins-used-up":
      return `The offline sign-ins are used up. ${connect}`;
    case "guess-limit":
      return `Too many wrong codes since the last online sign-in. ${connect}`;
    case "lease-not-begun":
    case "time-turned-back":
      return `This machine's clock is wrong, so codes can't be checked offline. ${connect}`;
    case "offline-off":
    case "online-only":
      return `The server is out of reach, and offline sign-in is switched off. ${connect}`;
    case "not-enrolled":
    case "no-authenticator":
      return `The server is out of reach, and you can't sign in offline on this machine yet. ${connect}`;
    case "damaged":
      return `What this machine keeps for offline sign-in is damaged. ${connect}`;
    default:
      return unreachable(problem);
  }
}

export function callHelpDesk(challenge: string): string {
  return `Call your help desk and read out: ${inGroups(challenge)}`;
}

export function helpDeskTriedOut(forMs: number): string {
  return `Too many answers of the help desk were tried. Try again in ${minutes(forMs)}.`;
}

function minutes(ms: number): string {
  const whole = Math.ceil(ms / minuteMs);
  return whole === 1 ? "1 minute" : `${whole} minutes`;
}

/** Undefined for a failure that is nobody's business at a sign-in screen. */
export function whyNoState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code === "STATE_DAMAGED" || error.code === "STATE_UNREADABLE") return stateBroken;
  if (error.code !== "NO_STATE") return undefined;
  return "why" in error && error.why === "revoked" ? revokedHere : notJoined;
}

export const noHelpDeskOnline =
  "The help desk helps here while the server is out of reach. Ask your administrator.";
export const helpDeskAnswer = "Its answer (nothing to give up): ";
export const recovering =
  "What this machine keeps for offline sign-in can't be used. A sign-in with the server in reach sets it right.";
export const lockedOnline = "Too many wrong codes. Try again later, or ask your administrator.";
const notJoined = "This machine has not joined a Nightlatch server yet. Ask your administrator.";
export const revokedHere = "This machine's enrolment was revoked. Ask your administrator.";
const stateBroken = "What this machine keeps for sign-in can't be used. Ask your administrator.";
export const askEnrol = "Enrol this machine for sign-in without the server? [y/N] ";
export const enrolled = "This machine is now enrolled for offline sign-in.";
export const notEnrolledNow = "This machine could not be enrolled now; you are asked again next time.";
