// What a sync of the directory has done, or would do.

import type { Affected } from "../../directory/affected.ts";
import type { SyncReport } from "../../directory/synchronise.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { table } from "../../pages/tables.ts";

const mostFaults = 100;

export function syncReport(report: SyncReport, title: string): Markup {
  const { rows, badLines, applied, gone, returned, newNames, affected, unusableGroups, faults } = report;
  const lines = [
    ["New", applied.added, affected.added],
    ["Changed", applied.changed, []],
    ["Disabled there", applied.disabled, affected.disabled],
    ["Not there any more: disabled here", gone, affected.gone],
    ["Back: enabled again", returned, affected.returned],
    [
      "Under another name: renamed here",
      newNames,
      affected.newNames.map(({ from, to }) => `${from} → ${to}`),
    ],
    ["Unchanged", applied.unchanged, []],
  ] as const;
  return html`<section class="card" aria-labelledby="report"><h2 id="report">${title}</h2>
<p>${rows} entries read${badLines > 0 && html`, ${badLines} of them can't be taken`}.</p>
${table({
  caption: "Users by what becomes of them",
  columns: [{ label: "Users" }, { label: "How many", numeric: true }, { label: "Who" }],
  rows: lines.map(([what, count, names]) => [what, count, some(names, count)]),
  nothing: "",
})}
${changes(affected)}
${
  unusableGroups.length > 0 &&
  html`<p>Left out are groups whose names can't be names here: ${unusableGroups.join(", ")}. Give them others by groupMap.</p>`
}
${
  faults.length > 0 &&
  table({
    caption: "Entries that can't be taken",
    columns: [{ label: "Entry" }, { label: "What" }, { label: "Why" }],
    rows: faults
      .slice(0, mostFaults)
      .map(({ dn, line, field, fault }) => [dn ?? `number ${line}`, field || "entry", fault]),
    nothing: "",
  })
}</section>`;
}

function changes({ changed }: Affected): Markup | null {
  if (changed.every(({ differences }) => differences.length === 0)) return null;
  return table({
    caption: "Users that change, the first of them",
    columns: [{ label: "User" }, { label: "What is different" }],
    rows: changed.map(({ name, differences }) => [name, differences.join(", ")]),
    nothing: "",
  });
}

function some(names: readonly string[], count: number): string {
  const more = count - names.length;
  return names.length === 0 ? "" : `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
