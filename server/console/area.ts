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
  { path: "/admin/machines", label: "Machines" },
  { path: "/admin/enrolments", label: "Offline enrolments" },
  { path: "/admin/policies", label: "Policies" },
  { path: "/admin/join-tokens", label: "Join tokens" },
  { path: "/admin/audit", label: "Audit" },
  { path: "/admin/settings", label: "Settings" },
];

const notices = {
  ...signInNotices,
  "user-added": "The user was added. Next: an authenticator, or a one-time link.",
  "pin-reset": "The user has no PIN any more, and sets another one in the portal. All sessions have ended.",
  "user-unlocked": "The lockout has ended. Machines that are out of reach keep theirs.",
  "user-enabled": "The user may sign in again.",
  "user-disabled":
    "The user may not sign in any more; machines erase the user's offline data at their next contact.",
  "user-removed": "The user was removed.",
  "user-renamed":
    "The user was renamed. Machines drop the old name at their next sync; one online sign-in under the new one is needed on each.",
  "groups-changed": "The groups were changed.",
  "role-changed": "The role was changed, and the user's sessions have ended.",
  "addresses-changed": "The addresses were changed, and the user was told of it where mail is on.",
  "invitation-withdrawn": "The invitation was withdrawn.",
  "seeds-renewed":
    "The user has other seeds on every machine, from its next sync on; they have to be shown anew.",
  invited: "An invitation to add an authenticator is on its way to the user.",
  "authenticator-removed": "The authenticator was removed; machines forget it at their next sync.",
  "machine-changed": "The machine was changed; it takes effect at its next sync.",
  "machine-revoked": "The machine was revoked; it erases itself at its next contact.",
  "machine-removed": "The machine was removed. If it comes back, it is still told to erase itself.",
  "machines-removed": "The machines were removed. Any that comes back is still told to erase itself.",
  "flags-cleared": "The flags were cleared.",
  "enrolments-ended": "Offline use has ended; each machine erases it at its next contact.",
  "policy-saved": "The policy was saved. Online sign-ins follow it at once, machines at their next sync.",
  "policy-removed": "The policy was removed.",
  "token-removed": "The join token was removed.",
  "message-retried": "The message is tried within seconds.",
  "messages-retried": "All that wait are tried within seconds.",
  "message-dropped": "The message is not sent, unless that was under way.",
  password: "The password was changed, and your other sessions have ended.",
  saved: "Saved.",
} as const;

export const consoleArea: Area = {
  kind: "console",
  base,
  name: "Nightlatch console",
  notices,
  wayOut: html`<p><a href="${base}">To the overview</a></p>`,
  comingBack: {
    kept: "What you have typed is kept until then, and nothing of it is done yet.",
    confirmed: "Confirmed. Nothing is done yet: look at the form, and send it again.",
    secrets: "What you typed as a password or code is not kept: type it again.",
  },
  frame: (session, token) => ({
    area: "Nightlatch console",
    home: base,
    navigation: session === undefined ? [] : items.filter((item) => may(session.role, item.path)),
    person: session === undefined || token === undefined ? null : person(session, token),
    language: "en",
    skipLabel: "Skip to content",
    navigationLabel: "Main",
  }),
};

/** Nobody is shown the way to a page that would be refused. */
function may(role: Role, path: string): boolean {
  const table: AccessTable = consoleAccess;
  const who = table[`GET ${path}` as keyof AccessTable]?.may;
  return typeof who === "object" && who.includes(role);
}

function person(session: Session, token: string) {
  return html`<details class="person"><summary>${session.userName}<span class="role">${session.role}</span></summary><div>
<a class="button quiet" href="${base}/account">Your account</a>
${buttonForm({ action: `${base}/sign-out`, token, label: "Sign out" })}
${buttonForm({ action: `${base}/sign-out-everywhere`, token, label: "Sign out everywhere" })}
</div></details>`;
}
