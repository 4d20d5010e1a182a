// The policies in the order in which they are looked through: the first whose groups and tags fit holds.

import { html } from "../../pages/markup.ts";
import { table } from "../../pages/tables.ts";
import { assignmentText } from "../../policies/assignments.ts";
import { listPolicies, type NamedPolicy } from "../../policies/policies.ts";
import type { Db } from "../../store/store.ts";
import type { SignedIn } from "../../web/visit.ts";
import { may } from "../parts.ts";

export async function policiesPage(visit: SignedIn, db: Db): Promise<Response> {
  const policies = await listPolicies(db);
  const change = may(visit.session.role, "GET /admin/policies/edit");
  const last = policies.length - 1;
  const content = html`<p>The first policy whose groups and machine tags fit holds; the default one holds for everybody else. Online sign-ins follow a change at once, machines at their next sync.</p>
${change && html`<p class="head"><a class="button" href="/admin/policies/add">Add a policy</a></p>`}
${table({
  caption: "Policies in their order",
  columns: [
    { label: "", numeric: true },
    { label: "Policy" },
    { label: "Groups" },
    { label: "Machine tags" },
    { label: "Second factor" },
    { label: "Offline" },
    { label: "Questions offline" },
  ],
  rows: policies.map((one, at) => [
    at === last ? "last" : at + 1,
    html`<a href="/admin/policies/edit?name=${encodeURIComponent(one.name)}">${one.name}</a>`,
    one.condition.groups.join(", ") || "everybody",
    one.condition.tags.join(", ") || "every machine",
    one.policy.mfa,
    offlineOf(one),
    assignmentText("offline.factors", one.policy.offline.factors),
  ]),
  nothing: "",
})}`;
  return visit.page({ title: "Policies", content });
}

function offlineOf({ policy: { offline } }: NamedPolicy): string {
  if (offline.days === 0) return "no";
  const days = offline.days === 1 ? "1 day" : `${offline.days} days`;
  return offline.signIns === null ? days : `${days}, ${offline.signIns} sign-ins`;
}
