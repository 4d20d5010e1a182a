// The first page: how things stand.

import { html, type Markup } from "../pages/markup.ts";
import { countAll } from "../report/counts.ts";
import type { Db } from "../store/store.ts";
import type { SignedIn } from "../web/visit.ts";

export async function overviewPage(visit: SignedIn, db: Db): Promise<Response> {
  const counts = await countAll(db);
  const figure = (label: string, value: number): Markup =>
    html`<div class="figure"><dt>${label}</dt><dd>${value.toLocaleString("en")}</dd></div>`;
  const content = html`<dl class="figures">
${figure("Users", counts.users)}
${figure("Machines", counts.machines)}
${figure("Offline enrolments", counts.enrolments)}
</dl>`;
  return visit.page({ title: "Overview", content });
}
