// Lines with their columns under each other.

import { harmless } from "../../../words/harmless.ts";

/** Pads by what a terminal shows: a letter outside ASCII may be wider than one column, so those are only estimated. */
export function aligned(rows: readonly (readonly string[])[], gap = 2): string {
  const harmlessRows = rows.map((row) => row.map(harmless));
  const widths: number[] = [];
  for (const row of harmlessRows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, width(cell));
  return harmlessRows
    .map((row) =>
      row
        .map((cell, at) =>
          at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) - width(cell) + gap),
        )
        .join(""),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

function width(text: string): number {
  let columns = 0;
  for (const letter of text)
    columns +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{1F300}-\u{1FAFF}]/u.test(
        letter,
      )
        ? 2
        : /\p{Mn}/u.test(letter)
          ? 0
          : 1;
  return columns;
}
