// The console as an area: its bar, and what it says after a change.

import type { Role } from "../accounts/roles.ts";
import { buttonForm } from "../pages/forms.ts";
import type { NavigationItem } from "../pages/layout.ts";
import { html } from "../pages/markup.ts";
import type { Session } from "../sessions/sessions.ts";
import type { AccessTable } from "../web/access.ts";
import type { Area } from "../web/area.ts";
import { signInNotices } from "../web/sign-in-pages.ts";
import { consoleAccess } from "./access.ts";

const base = "/admin";

const items: readonly NavigationItem[] = [
  { path: "/admin", label: "Overview" },
  { path: "/admin/users", label: "Users" },
];

export const consoleArea: Area = {
  kind: "console",
  base,
  name: "Nightlatch console",
  notices: { ...signInNotices },
  wayOut: html`<p><a href="${base}">To the overview</a></p>`,
  frame: (session, token) => ({
    area: "Nightlatch console",
    home: base,
    navigation: session === undefined ? [] : items.filter((item) => mayOpen(session.role, item.path)),
    person: session === undefined || token === undefined ? null : person(session, token),
    language: "en",
    skipLabel: "Skip to content",
    navigationLabel: "Main",
  }),
};

/** Nobody is shown the way to a page that would be refused. */
function mayOpen(role: Role, path: string): boolean {
  const table: AccessTable = consoleAccess;
  const may = table[`GET ${path}` as keyof AccessTable]?.may;
  return may !== undefined && (may === "anyone" || may === "signed-in" || may.includes(role));
}

function person(session: Session, token: string) {
  return html`<details class="person"><summary>${session.userName}<span class="role">${session.role}</span></summary><div>
${buttonForm({ action: `${base}/sign-out`, token, label: "Sign out" })}
${buttonForm({ action: `${base}/sign-out-everywhere`, token, label: "Sign out everywhere" })}
</div></details>`;
}
