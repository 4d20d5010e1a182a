// What is fuzzed: how inputs come about, where they are tried, and what must hold of each.

import type { Arbitrary } from "fast-check";

/** A place that inputs are tried in, one after the other. */
export interface Place<I> {
  /** Throws when something that must hold does not: the message says what. */
  try(input: I): void | Promise<void>;
  close?(): Promise<void>;
}

export interface Target<I> {
  readonly name: string;
  readonly what: string;
  /** JSON values: an input that was found is kept as a file. */
  readonly inputs: Arbitrary<I>;
  open(): Promise<Place<I>>;
  /** Text (one character a byte) that coverage lets grow, from these seeds and words; how much may be done for one of a length. */
  readonly grows?: {
    readonly seeds: readonly string[];
    readonly words: readonly string[];
    /** Blocks of code run, for a text of so many bytes: more is work that an input makes out of nothing. */
    mostWork(bytes: number): number;
  };
}

/** The runner does not look into inputs. */
export type AnyTarget = Omit<Target<unknown>, "inputs" | "open"> & {
  readonly inputs: Arbitrary<unknown>;
  open(): Promise<{ try(input: unknown): void | Promise<void>; close?(): Promise<void> }>;
};

/** Only the target's own inputs, or files of them, come back to `try`. */
export function target<I>(of: Target<I>): AnyTarget {
  return {
    ...of,
    open: async () => {
      const place = await of.open();
      return {
        try: (input) => place.try(input as I),
        ...(place.close === undefined ? {} : { close: () => place.close?.() ?? Promise.resolve() }),
      };
    },
  };
}
