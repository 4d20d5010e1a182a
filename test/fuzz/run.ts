// One target, for a while: inputs made by its arbitrary, and texts that grow by coverage. Ends at the first finding.

import fc from "fast-check";
import { Coverage } from "./coverage.ts";
import { dice, minimised, mutated } from "./mutate.ts";
import type { AnyTarget } from "./target.ts";

export interface Finding {
  readonly target: string;
  readonly seed: number;
  readonly input: unknown;
  readonly said: string;
}

export interface Ran {
  readonly inputs: number;
  /** Texts that reached something new; with those that were there before. */
  readonly corpus: readonly string[];
  readonly blocks: number;
  readonly finding: Finding | undefined;
}

export interface Wish {
  readonly seed: number;
  /** performance.now() at which it is enough. */
  readonly untilMs: number;
  readonly corpus: readonly string[];
  readonly progress: (inputs: number, blocks: number) => void;
}

type Place = Awaited<ReturnType<AnyTarget["open"]>>;

const inputsAtOnce = 100;

export async function run(target: AnyTarget, wish: Wish): Promise<Ran> {
  const place = await target.open();
  try {
    const startMs = performance.now();
    const half = target.grows === undefined ? wish.untilMs : startMs + (wish.untilMs - startMs) / 3;
    const spread = await spreadOut(target, place, { ...wish, untilMs: half });
    if (spread.finding !== undefined || target.grows === undefined) return spread;
    const grown = await grow(target, place, target.grows, wish, spread.inputs);
    return { ...grown, inputs: spread.inputs + grown.inputs };
  } finally {
    await place.close?.();
  }
}

async function spreadOut(target: AnyTarget, place: Place, wish: Wish): Promise<Ran> {
  let inputs = 0;
  const property = fc.asyncProperty(target.inputs, async (input) => {
    inputs += 1;
    await place.try(input);
  });
  for (let seed = wish.seed; ; seed = (seed + 1) | 0) {
    const details = await fc.check(property, { seed, numRuns: inputsAtOnce });
    wish.progress(inputs, 0);
    if (details.failed) {
      const said = messageOf(details.errorInstance);
      const finding = { target: target.name, seed, input: details.counterexample?.[0], said };
      return { inputs, corpus: wish.corpus, blocks: 0, finding };
    }
    if (performance.now() >= wish.untilMs)
      return { inputs, corpus: wish.corpus, blocks: 0, finding: undefined };
  }
}

async function grow(
  target: AnyTarget,
  place: Place,
  { seeds, words, mostWork }: NonNullable<AnyTarget["grows"]>,
  wish: Wish,
  already: number,
): Promise<Ran> {
  const roll = dice(wish.seed);
  const coverage = new Coverage();
  const known = new Set<string>();
  const corpus: string[] = [];
  let inputs = 0;
  /** Tries them all; keeps those that reach something new. */
  const tryAll = async (texts: readonly string[]): Promise<Finding | undefined> => {
    inputs += texts.length;
    coverage.take();
    for (const text of texts) {
      const said = await fault(place, text);
      if (said !== undefined) return found(text, said);
    }
    const all = coverage.take();
    const allowed = texts.reduce((sum, text) => sum + mostWork(text.length), 0);
    if (all.work <= allowed && all.marks.every((mark) => known.has(mark))) return undefined;
    for (const text of texts) {
      await fault(place, text);
      const { marks, work } = coverage.take();
      if (work > mostWork(text.length)) return found(text, tooMuch(work, text));
      const fresh = marks.filter((mark) => !known.has(mark));
      if (fresh.length > 0) corpus.push(text);
      for (const mark of fresh) known.add(mark);
    }
    // Marks of a whole batch's counts say nothing of one text; they are known from now on.
    for (const mark of all.marks) known.add(mark);
    return undefined;
  };
  const found = async (text: string, said: string): Promise<Finding> => {
    const worked = (shorter: string) => {
      coverage.take();
      return fault(place, shorter).then(
        (still) => still ?? (coverage.take().work > mostWork(shorter.length) ? "work" : undefined),
      );
    };
    const input = await minimised(text, async (shorter) => (await worked(shorter)) !== undefined);
    return { target: target.name, seed: wish.seed, input, said: (await fault(place, input)) ?? said };
  };
  const tooMuch = (work: number, text: string) => `${work} blocks of code run for ${text.length} bytes`;
  try {
    let finding = await tryAll([...seeds, ...wish.corpus, ""]);
    while (finding === undefined && performance.now() < wish.untilMs) {
      const parent = () => corpus[roll(corpus.length)] ?? "";
      finding = await tryAll(
        Array.from({ length: inputsAtOnce }, () => mutated(parent(), corpus, words, roll)),
      );
      wish.progress(already + inputs, known.size);
    }
    return { inputs, corpus, blocks: known.size, finding };
  } finally {
    coverage.close();
  }
}

async function fault(place: Place, input: unknown): Promise<string | undefined> {
  try {
    await place.try(input);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? error.message).split("\n").slice(0, 4).join("\n")
    : String(error);
}
