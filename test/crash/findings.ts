// What must never be found after a crash, and the table of what was.

export const faultsFound = [
  "accepted twice",
  "uncounted",
  "locked out",
  "unreadable",
  "undone",
  "false success",
] as const;
/**
 * `uncounted`: a refused answer that somebody has seen doesn't count. `locked out`: a right and fresh code is refused.
 * `unreadable`: the state doesn't open. `undone`: a revocation, or a join, that was carried out is not any more.
 * `false success`: granted although the commit failed.
 */
export type Found = (typeof faultsFound)[number];

export interface Finding {
  readonly found: Found;
  readonly detail: string;
}

/** One operation under one kind of fault. */
export interface Result {
  readonly operation: string;
  readonly fault: string;
  points: number;
  /** Of a real process. The rest are power cuts: a folder as a disk would have kept it. */
  readonly kills: boolean;
  readonly findings: { point: string; finding: Finding }[];
}

export function table(results: readonly Result[]): string {
  const head = ["operation", "fault", "points", ...faultsFound];
  const count = (result: Result, found: Found) =>
    String(result.findings.filter(({ finding }) => finding.found === found).length);
  const rows = results.map((result) => [
    result.operation,
    result.fault,
    String(result.points),
    ...faultsFound.map((found) => count(result, found)),
  ]);
  const sum = (index: number) => String(rows.reduce((total, row) => total + Number(row[index]), 0));
  const last = ["all", "", ...head.slice(2).map((_, index) => sum(index + 2))];
  const all = [head, ...rows, last];
  const widths = head.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join("  ");
  return all.map(line).join("\n");
}
