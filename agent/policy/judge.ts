// The heart: answers against a standing, at a moment. Returns the verdict *and* the next standing; the caller commits
// the latter before it says the former. Pure.

import { normaliseDigits } from "../../otp/code.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import type { AuthenticatorType, OfflineFactors } from "../../protocol/sync/policy.ts";
import type { Answer } from "../factors/answer.ts";
import { judgeAnswer } from "../factors/answer.ts";
import { asTyped } from "../factors/masked.ts";
import { beginGrace } from "./grace.ts";
import { type LeaseProblem, leaseProblem } from "./lease.ts";
import { lockedForMs, noFailures, withFailure } from "./lockout.ts";
import type { Moment } from "./moment.ts";
import { type CallerClass, type OpenBundle, type Standing, spentOf } from "./standing.ts";

/** Why nothing may be tried offline now. */
export type OfflineProblem =
  | { readonly verdict: "locked"; readonly reason: "locked-out"; readonly forMs: number }
  | {
      readonly verdict: "unavailable";
      readonly reason: LeaseProblem | "offline-off" | "guess-limit" | "no-authenticator";
    };

export function offlineProblem(
  standing: Standing,
  open: OpenBundle,
  caller: CallerClass,
  moment: Moment,
): OfflineProblem | undefined {
  const { policy, lease } = open.bundle;
  if (policy.offline.days === 0) return { verdict: "unavailable", reason: "offline-off" };
  const lapsed = leaseProblem(lease, standing.signInsUsed, moment.nowMs);
  if (lapsed !== undefined) return { verdict: "unavailable", reason: lapsed };
  if (standing.guesses[caller] >= policy.guessLimit) return { verdict: "unavailable", reason: "guess-limit" };
  const forMs = lockedForMs(standing.failures[caller], policy.lockout, moment);
  if (forMs > 0) return { verdict: "locked", reason: "locked-out", forMs };
  if (!canAnswer(policy.offline.factors, open)) return { verdict: "unavailable", reason: "no-authenticator" };
  return undefined;
}

export type Judgement =
  | { readonly verdict: "granted"; readonly method: string; readonly next: Standing }
  | { readonly verdict: "denied"; readonly reason: "wrong-code" | "used-code"; readonly next: Standing }
  | (OfflineProblem & { readonly next: Standing });

/**
 * Judges the answers to all of the policy's offline questions together, so that nobody learns which one was wrong.
 * A right answer is spent even when another was wrong: it has been seen on a wire or by a bystander. As at the server, no
 * authenticator and no code answers two questions.
 */
export function judge(
  standing: Standing,
  open: OpenBundle,
  answers: readonly Answer[],
  caller: CallerClass,
  moment: Moment,
): Judgement {
  const problem = offlineProblem(standing, open, caller, moment);
  if (problem !== undefined) return { ...problem, next: standing };
  const { policy } = open.bundle;
  const questions = policy.offline.factors;
  let spent: readonly Spent[] = standing.spent;
  const methods: string[] = [];
  let reason: "wrong-code" | "used-code" = "wrong-code";
  const answeredBy = new Set<string>();
  const typed = new Set<string>();
  for (const [index, question] of questions.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    const code = normaliseDigits(answer.text).toUpperCase();
    if (typed.has(code)) continue;
    typed.add(code);
    const right = findRight(question, open, spent, answeredBy, answer, policy, moment.nowMs);
    // Under a PIN only the right one gives the seed whose code was used: the word would tell it.
    if (right === "used" && open.pin === null) reason = "used-code";
    if (right !== undefined && right !== "used") {
      spent = withSpent(spent, right);
      answeredBy.add(right.id);
      methods.push(right.type);
    }
  }
  if (methods.length === questions.length && answers.length === questions.length)
    return {
      verdict: "granted",
      method: methods.join("+"),
      next: {
        ...standing,
        spent,
        signInsUsed: standing.signInsUsed + 1,
        failures: { ...standing.failures, [caller]: noFailures },
        grace: beginGrace(moment),
      },
    };
  const count = withFailure(standing.failures[caller], policy.lockout, moment);
  return {
    verdict: "denied",
    reason,
    next: {
      ...standing,
      spent,
      guesses: { ...standing.guesses, [caller]: standing.guesses[caller] + 1 },
      failures: { ...standing.failures, [caller]: count },
    },
  };
}

/** Never lost, also where nothing was known yet of that authenticator. */
function withSpent(spent: readonly Spent[], right: Spent): readonly Spent[] {
  const known = spent.some((before) => before.id === right.id);
  return known ? spent.map((before) => (before.id === right.id ? right : before)) : [...spent, right];
}

/** The first right authenticator of the question's types; one answers only one question of a sign-in. */
function findRight(
  question: readonly AuthenticatorType[],
  open: OpenBundle,
  spent: readonly Spent[],
  answeredBy: ReadonlySet<string>,
  answer: Answer,
  rules: OpenBundle["bundle"]["policy"],
  nowMs: number,
): Spent | "used" | undefined {
  let used = false;
  for (const authenticator of open.authenticators) {
    if (!question.includes(authenticator.type) || answeredBy.has(authenticator.id)) continue;
    const before = spent.find((one) => one.id === authenticator.id) ?? spentOf(authenticator);
    const typed = asTyped(authenticator, answer, open.pin);
    const right = typed && judgeAnswer(typed.authenticator, before, typed.answer, rules, nowMs);
    if (right === "used") used = true;
    else if (right !== undefined) return right;
  }
  return used ? "used" : undefined;
}

function canAnswer(factors: OfflineFactors, open: OpenBundle): boolean {
  const present = open.authenticators.map((authenticator) => authenticator.type);
  return factors.every((question) => question.some((type) => present.includes(type)));
}
