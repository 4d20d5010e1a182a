// What was attacked and what came of it, for people.

import type { Promised, Seen, Verdict } from "./attack.ts";

export interface Result extends Seen {
  readonly promise: Promised;
  readonly title: string;
  readonly attack: string;
  readonly expected: string;
  readonly tookMs: number;
}

/** Words in lines of at most `width`; a longer word stands alone. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

const widths = [46, 38, 52, 11] as const;

function row(cells: readonly string[]): string {
  const columns = cells.map((cell, at) => wrapped(cell, widths[at] ?? 40));
  const height = Math.max(...columns.map((column) => column.length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map((column, at) => (column[line] ?? "").padEnd(widths[at] ?? 40))
      .join("  ")
      .trimEnd(),
  ).join("\n  ");
}

export function printGroup(results: readonly Result[]): void {
  const [first] = results;
  if (first === undefined) return;
  const number = first.promise === "server" ? "Server" : `Promise ${first.promise}`;
  console.log(`\n${number}: ${first.title}`);
  const beside = results.filter((result) => result.beside !== undefined);
  const alone = results.filter((result) => result.beside === undefined);
  if (alone.length > 0) console.log(`  ${row(["attack", "expected", "seen", "verdict"])}`);
  for (const { attack, expected, seen, verdict } of alone)
    console.log(`  ${row([attack, expected, seen, verdict])}`);
  if (beside.length === 0) return;
  console.log(`  ${row(["attack", "pam_nightlatch", "pam_google_authenticator | pam_oath", "verdict"])}`);
  for (const { attack, seen, beside: others, verdict } of beside)
    console.log(`  ${row([attack, seen, `${others?.google} | ${others?.oath}`, verdict])}`);
}

/** Whether everything holds that could be tried. */
export function printSummary(results: readonly Result[], tookS: number): boolean {
  const count = (verdict: Verdict) => results.filter((result) => result.verdict === verdict).length;
  for (const { promise, attack, seen, verdict } of results) {
    if (verdict === "not run") console.log(`not run: ${promise}: ${attack}: ${seen}`);
  }
  for (const { promise, attack, seen, verdict } of results) {
    if (verdict === "BROKEN") console.log(`BROKEN: ${promise}: ${attack}: ${seen}`);
  }
  const longest = Math.max(0, ...results.map(({ longestMs }) => longestMs ?? 0));
  const ran = results.length - count("not run");
  if (longest > 0) console.log(`\nlongest wait for a verdict under attack: ${(longest / 1000).toFixed(2)} s`);
  console.log(
    `attack: ${ran} run: ${count("holds")} hold, ${count("known limit")} known limits, ${count("BROKEN")} broken; ${count("not run")} not run; ${tookS} s`,
  );
  return count("BROKEN") === 0;
}
