import type { Factors } from "../../protocol/sync/policy.ts";

/** Whether these are answers, in full, to the very questions that are wanted. */
export function sameQuestions(asked: Factors, answers: readonly string[], wanted: Factors): boolean {
  return (
    answers.length === wanted.length && wanted.every((question, index) => sameTypes(question, asked[index]))
  );
}

export function sameTypes(one: Factors[number], other: Factors[number] | undefined): boolean {
  return other !== undefined && one.length === other.length && one.every((type) => other.includes(type));
}
