// Why would this sign-in be asked, granted or refused: the same rules as the sign-in itself, read aloud.

import type { PinPlace } from "../../otp/pin.ts";
import { type Factors, isSentType } from "../../protocol/sync/policy.ts";
import type { Kind } from "../../words/kind.ts";
import { spendUnlock } from "../policy/grace.ts";
import { offlineProblem } from "../policy/judge.ts";
import { leaseLeft } from "../policy/lease.ts";
import { policyInForce, type Situation } from "../policy/situation.ts";
import type { Explanation } from "./actions.ts";

type Outcome = Explanation["online"];

export function explain(
  user: string,
  kind: Kind,
  situation: Situation,
  machine: { readonly mode: "online" | "offline"; readonly mfa: "enabled" | "disabled" },
): Explanation {
  const enrolled = typeof situation.enrolled === "string" ? undefined : situation.enrolled;
  const { policy, name: policyName } = policyInForce(situation, user);
  const details = [
    enrolled === undefined
      ? `${user} is not enrolled on this machine; what holds is the policy "${policyName}"`
      : `${user} is enrolled on this machine under the policy "${policyName}"`,
    `a second factor is asked at: ${policy.scope.join(", ") || "nothing"}`,
  ];
  if (enrolled !== undefined) {
    const { lease } = enrolled.open.bundle;
    const left = leaseLeft(lease, enrolled.standing.signInsUsed, situation.time.moment.nowMs);
    const signIns = left.signIns === null ? "any number of sign-ins" : `${left.signIns} sign-ins`;
    details.push(`offline: ${left.days} days and ${signIns} left`);
    details.push(
      `wrong codes offline since the last online sign-in: ${enrolled.standing.guesses.system} of ${policy.guessLimit}`,
    );
  }
  const unasked = withoutQuestion(user, kind, situation, machine.mfa);
  const online = unasked ?? asks(policyName, policy.online.factors, policy.pin.place);
  const offline = unasked ?? offlineOutcome(user, situation, machine.mode);
  return { user, kind, online, offline, policy: policyName, details };
}

function withoutQuestion(
  user: string,
  kind: Kind,
  situation: Situation,
  mfa: "enabled" | "disabled",
): Outcome | undefined {
  if (mfa === "disabled") return grants("MFA is disabled in this machine's configuration");
  if (situation.machine.exempt) return grants("this machine is exempt");
  const enrolled = typeof situation.enrolled === "string" ? undefined : situation.enrolled;
  const { policy, name } = policyInForce(situation, user);
  if (policy.mfa === "exempt") return grants(`the policy "${name}" asks this user for no second factor`);
  if (!policy.scope.includes(kind))
    return grants(`the policy "${name}" asks for no second factor at ${kind}`);
  if (kind !== "unlock" || enrolled === undefined || situation.time.state === "turned-back") return undefined;
  const grace = spendUnlock(enrolled.standing.grace, policy.grace, situation.time.moment);
  return grace === undefined ? undefined : grants(`an unlock of the grace period is left (policy "${name}")`);
}

function offlineOutcome(user: string, situation: Situation, mode: "online" | "offline"): Outcome {
  const { enrolled, time } = situation;
  const { policy, name } = policyInForce(situation, user);
  if (mode === "online") return refuses("this machine's configuration allows online sign-in only");
  if (enrolled === "none")
    return policy.unreachable === "skip" && !situation.revoked
      ? grants(
          `the policy "${name}" skips the second factor for users who are not enrolled when the server is out of reach`,
        )
      : refuses("the user is not enrolled on this machine");
  if (enrolled === "damaged") return refuses("the stored enrolment is damaged; an online sign-in repairs it");
  if (time.state === "turned-back")
    return refuses("the clock is behind a time already seen; a sync repairs it");
  const problem = offlineProblem(enrolled.standing, enrolled.open, "system", time.moment);
  return problem === undefined
    ? asks(name, policy.offline.factors, policy.pin.place)
    : refuses(`${reasons[problem.reason]} (policy "${name}")`);
}

const reasons = {
  "locked-out": "too many wrong codes; offline sign-in is locked for a while",
  "lease-expired": "the days of offline sign-in have run out",
  "lease-not-begun": "the clock is before the beginning of the enrolment",
  "sign-ins-used-up": "the offline sign-ins are used up",
  "offline-off": "policy allows no offline sign-in",
  "guess-limit": "too many wrong codes since the last online sign-in",
  "no-authenticator": "the user has no authenticator that policy accepts offline",
} as const;

function asks(policyName: string, factors: Factors, place: PinPlace): Outcome {
  const questions = factors.map((question) => question.join(" or ")).join(", then ");
  const takesPin = factors.flat().some((type) => type !== "backup-codes" && !isSentType(type));
  const pin = place !== "none" && takesPin ? `, with the PIN ${place} each code of an app or token` : "";
  return { outcome: "ask", because: `the policy "${policyName}" asks for ${questions}${pin}` };
}

function grants(because: string): Outcome {
  return { outcome: "grant", because };
}

function refuses(because: string): Outcome {
  return { outcome: "refuse", because };
}
