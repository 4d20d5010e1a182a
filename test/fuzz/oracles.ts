// What must hold of any input, said once.

import { isDeepStrictEqual } from "node:util";

/** Stands in inputs where a secret or somebody's text could stand: wherever it comes out again, a text would. */
export const canary = "cAnAry7Qz";

export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

export function expectSame(one: unknown, other: unknown, what: string): void {
  if (!isDeepStrictEqual(one, other))
    throw new Error(
      `${what}: ${JSON.stringify(one)?.slice(0, 300)} is not ${JSON.stringify(other)?.slice(0, 300)}`,
    );
}

/** `given` is what the input was, `said` an error, an answer or a log. */
export function expectNothingOf(given: string, said: string, what: string): void {
  if (given.includes(canary))
    expectThat(!said.includes(canary), `${what} repeats the input: ${said.slice(0, 300)}`);
}

/** An error is one clear sentence for a person, or one a line. */
export function expectSentence(said: string, mostLength = 500): void {
  expectThat(said !== "" && said.length <= mostLength, `an error of ${said.length} characters`);
  expectThat(
    !/[^\P{C}\n]/u.test(said),
    `an error with a control character: ${JSON.stringify(said).slice(0, 300)}`,
  );
  expectThat(
    !/undefined|\[object|NaN|Error:| at file:/.test(said),
    `an error that is no sentence: ${said.slice(0, 300)}`,
  );
}
