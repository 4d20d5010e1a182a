// What an import has done, or would do.

import type { ListedFault } from "../import/faults.ts";
import type { ImportReport } from "../import/import-users.ts";

export function describeImport(report: ImportReport, dryRun: boolean): string {
  const { rows, badLines, done, applied } = report;
  const counts = [
    ["added", applied.added],
    ["changed", applied.changed],
    ["unchanged", applied.unchanged],
  ].map(([what, count]) => `${count} ${what}`);
  const more = (
    [
      [applied.renamed, "display name changed", "display names changed"],
      [applied.disabled, "disabled", "disabled"],
      [applied.enabled, "enabled", "enabled"],
      [applied.groupsJoined, "membership of a group added", "memberships of groups added"],
      [applied.groupsLeft, "membership of a group ended", "memberships of groups ended"],
      [applied.addressesSet, "address set", "addresses set"],
      [applied.authenticatorsAdded, "authenticator added", "authenticators added"],
      [applied.pinsSet, "PIN set, to be changed by its user", "PINs set, to be changed by their users"],
    ] as const
  )
    .filter(([count]) => count > 0)
    .map(([count, one, many]) => `  ${count} ${count === 1 ? one : many}\n`);
  const head = done
    ? "users"
    : dryRun
      ? "dry run, nothing was changed; users"
      : "nothing was changed; would be, of the good lines: users";
  const bad = badLines === 0 ? "" : `, ${badLines} ${badLines === 1 ? "line" : "lines"} bad`;
  return `${rows} ${rows === 1 ? "row" : "rows"} read; ${head}: ${counts.join(", ")}${bad}\n${more.join("")}`;
}

export function reportJson(report: ImportReport, dryRun: boolean, faults: readonly ListedFault[]): object {
  const { rows, badLines, done, applied } = report;
  const errors = faults.map(({ line, field, fault }) => ({ line, column: field || null, error: fault }));
  return { dryRun, imported: done, rows, badLines, ...applied, errors };
}
