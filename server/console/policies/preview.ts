// What a change of policies would do, for a person to look at.

import { html, type Markup } from "../../pages/markup.ts";
import { table } from "../../pages/tables.ts";
import { assignmentText } from "../../policies/assignments.ts";
import type { Hit, Preview } from "../../policies/preview.ts";
import { sentence } from "../../web/sentence.ts";

export function previewMarkup({ users, machines, moves, warnings }: Preview): Markup {
  const warned = warnings.map((text) => html`<div class="notice" role="status">${sentence(text)}</div>`);
  if (moves.length === 0)
    return html`${warned}<div class="notice done" role="status">Nothing would change for anybody.</div>`;
  return html`${warned}<section class="card" aria-labelledby="preview"><h2 id="preview">What would change</h2>
<p>For <b>${people(users, "user", "users")}</b> on <b>${people(machines, "machine", "machines")}</b>.</p>
${names("Users", users)}${names("Machines", machines)}
${table({
  caption: "Changes by policy",
  columns: [
    { label: "Policy now" },
    { label: "Policy then" },
    { label: "Users", numeric: true },
    { label: "Machines", numeric: true },
    { label: "What is different" },
  ],
  rows: moves.map((move) => [
    move.from,
    move.to,
    move.users,
    move.machines,
    move.differences.length === 0
      ? "nothing but the name"
      : html`<ul class="plain">${move.differences.map(
          ({ field, before, after }) =>
            html`<li><code>${field}</code>: ${assignmentText(field, before)} → <b>${assignmentText(field, after)}</b></li>`,
        )}</ul>`,
  ]),
  nothing: "",
})}</section>`;
}

function people({ count }: Hit, one: string, many: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function names(label: string, { count, first }: Hit): Markup | null {
  if (first.length === 0) return null;
  const more = count - first.length;
  return html`<p class="soft">${label}: ${first.join(", ")}${more > 0 && ` and ${more.toLocaleString("en")} more`}</p>`;
}
