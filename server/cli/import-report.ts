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
      ["display names changed", applied.renamed],
      ["disabled", applied.disabled],
      ["enabled", applied.enabled],
      ["memberships of groups added", applied.groupsJoined],
      ["memberships of groups ended", applied.groupsLeft],
      ["addresses set", applied.addressesSet],
      ["authenticators added", applied.authenticatorsAdded],
      ["PINs set, to be changed by their users", applied.pinsSet],
    ] as const
  )
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `  ${count} ${what}\n`);
  const head = done
    ? "users"
    : dryRun
      ? "dry run, nothing was changed; users"
      : "nothing was changed; would be, of the good lines: users";
  const bad = badLines === 0 ? "" : `, ${badLines} lines bad`;
  return `${rows} rows read; ${head}: ${counts.join(", ")}${bad}\n${more.join("")}`;
}

export function reportJson(report: ImportReport, dryRun: boolean, faults: readonly ListedFault[]): object {
  const { rows, badLines, done, applied } = report;
  const errors = faults.map(({ line, field, fault }) => ({ line, column: field || null, error: fault }));
  return { dryRun, imported: done, rows, badLines, ...applied, errors };
}
