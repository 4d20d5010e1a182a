// A code that the server has judged as part of a wrong sign-in has been seen: on the server it is spent, and so it is here.
// Not here yet: a code that was typed with a wrong PIN, which only the server could tell. The next sync brings it.

import { type Answer, type AnswerRules, judgeAnswer } from "../factors/answer.ts";
import { asTyped } from "../factors/masked.ts";
import { type OpenBundle, type Standing, spentOf } from "./standing.ts";

/** The standing with every answer spent that is right for any authenticator; the same one when none is. */
export function spendSeen(
  standing: Standing,
  open: OpenBundle,
  answers: readonly Answer[],
  rules: AnswerRules,
  nowMs: number,
): Standing {
  let next = standing;
  for (const authenticator of open.authenticators) {
    for (const answer of answers) {
      const before = next.spent.find((one) => one.id === authenticator.id) ?? spentOf(authenticator);
      const typed = asTyped(authenticator, answer, open.pin);
      const right = typed && judgeAnswer(typed.authenticator, before, typed.answer, rules, nowMs);
      if (right === undefined || right === "used") continue;
      const others = next.spent.filter((one) => one.id !== right.id);
      next = { ...next, spent: [...others, right] };
    }
  }
  return next;
}
