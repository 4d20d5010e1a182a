// One user: facts, authenticators, enrolments, and what may be done.

import { accountOf } from "../../accounts/accounts.ts";
import { type Role, roles } from "../../accounts/roles.ts";
import { mayHelp } from "../../accounts/who-helps.ts";
import { type ListedAuthenticator, listAuthenticators } from "../../authenticators/manage.ts";
import { inShort } from "../../authenticators/provisioning-uri.ts";
import { pageOfReport } from "../../enrolments/report.ts";
import { buttonForm, form, selectField, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { table } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";
import { addressesOf } from "../../mail/addresses.ts";
import { openInvitationUntil } from "../../provisioning/invitations.ts";
import { groupsOfUser, theUserById, type User } from "../../users/users.ts";
import type { SignedIn } from "../../web/visit.ts";
import { enrolmentCells, enrolmentColumns } from "../enrolments/cells.ts";
import { type ConsoleParts, may } from "../parts.ts";
import { addressesPart } from "./addresses.ts";
import { stateTags } from "./list.ts";
import { pinPart } from "./pin.ts";
import { renamePart, stillHeld } from "./rename.ts";

const mostShown = 50;

export async function userPage(visit: SignedIn, parts: ConsoleParts): Promise<Response> {
  const { db } = parts.store;
  const user = await theUserById(db, visit.param("id"));
  const [account, groups] = [await accountOf(db, user.id), await groupsOfUser(db, user.id)];
  const authenticators = await listAuthenticators(db, parts.vault, user);
  const wish = { search: "", userId: user.id, sort: "host", descending: false, offset: 0 } as const;
  const enrolments = await pageOfReport(db, { ...wish, limit: mostShown }, visit.nowMs);
  const content = html`<dl class="facts">
<dt>Name</dt><dd>${user.displayName || "–"}</dd>
<dt>State</dt><dd>${user.disabledAtMs === null && html`<span class="tag good">enabled</span> `}${stateTags({ ...user, role: account.role }, visit.nowMs)}</dd>
<dt>Password for these pages</dt><dd>${account.sealedPassword === null ? "not set" : "set"}</dd>
<dt>Added</dt><dd>${moment(user.createdAtMs)}</dd>
</dl>
${stateButtons(visit, user, account.role)}
${groupsPart(visit, user, groups)}
${addressesPart(visit, user, await addressesOf(db, user.id))}
${authenticatorsPart(visit, user, authenticators, await openInvitationUntil(db, user.id, visit.nowMs))}
${await pinPart(visit, parts, user, account.role)}
<h2>Offline use</h2>
${table({
  caption: `Machines where ${user.name} can sign in offline`,
  columns: enrolmentColumns(["host", "enrolled", "synced", "days", "sign-ins"]),
  rows: enrolments.rows.map((row) => enrolmentCells(row, ["host", "enrolled", "synced", "days", "sign-ins"])),
  nothing: "Not enrolled on any machine.",
})}
${enrolments.total > mostShown && html`<p><a href="/admin/enrolments?search=${user.name}">All ${enrolments.total}</a></p>`}
${await stillHeld(parts, user)}
${await renamePart(visit, parts, user, enrolments.total)}
${accessPart(visit, user, account.role)}`;
  return visit.page({ title: user.name, content });
}

function stateButtons(visit: SignedIn, user: User, role: Role): Markup {
  const { token, session } = visit;
  const at = `/admin/users/${user.id}`;
  const about = user.name;
  const enabled = user.disabledAtMs === null;
  return html`<div class="actions">${
    may(session.role, "POST /admin/users/:id/unlock") &&
    mayHelp(session.role, role) &&
    buttonForm({ action: `${at}/unlock`, token, label: "End lockout and waits", about })
  }${
    may(session.role, "POST /admin/users/:id/disable") &&
    (enabled
      ? buttonForm({ action: `${at}/disable`, token, label: "Disable", about })
      : buttonForm({ action: `${at}/enable`, token, label: "Enable", about }))
  }${
    may(session.role, "GET /admin/users/:id/remove") &&
    html`<a class="button quiet" href="${at}/remove">Remove…</a>`
  }${
    may(session.role, "GET /admin/audit") &&
    html`<a class="button quiet" href="/admin/audit?user=${encodeURIComponent(user.name)}">Audit</a>`
  }</div>`;
}

function groupsPart(visit: SignedIn, user: User, groups: readonly string[]): Markup {
  const { token, session } = visit;
  const action = `/admin/users/${user.id}/groups`;
  const change = may(session.role, "POST /admin/users/:id/groups");
  const leave = (group: string) =>
    html`<li>${group}${
      change &&
      html` ${buttonForm({ action, token, label: "Leave", about: group, values: { change: "leave", group } })}`
    }</li>`;
  return html`<h2>Groups</h2>
${groups.length === 0 ? html`<p class="soft">In no group.</p>` : html`<ul class="plain">${groups.map(leave)}</ul>`}
${
  change &&
  form({
    action,
    token,
    className: "filter",
    submit: "Join",
    content: [
      html`<input type="hidden" name="change" value="join">`,
      textField({ name: "group", label: "Put into group", required: true, most: 100 }),
    ],
  })
}`;
}

function authenticatorsPart(
  visit: SignedIn,
  user: User,
  authenticators: readonly ListedAuthenticator[],
  invitedUntilMs: number | undefined,
): Markup {
  const { token, session } = visit;
  const at = `/admin/users/${user.id}/authenticators`;
  const change = may(session.role, "POST /admin/users/:id/authenticators");
  const rows = authenticators.map(({ authenticator: one, name, createdAtMs }) => [
    name === "" ? one.type : `${one.type}: ${name}`,
    inShort(one),
    html`<code>${one.id}</code>`,
    moment(createdAtMs),
    change
      ? buttonForm({ action: `${at}/remove`, token, label: "Remove", about: one.id, values: { one: one.id } })
      : "",
  ]);
  const add = (type: string, label: string) => buttonForm({ action: at, token, label, values: { type } });
  const does = (path: string, label: string, what?: string) =>
    buttonForm({ action: `/admin/users/${user.id}/${path}`, token, label, ...(what && { about: what }) });
  const invited =
    invitedUntilMs !== undefined &&
    html`<p>An invitation to add one is open until ${moment(invitedUntilMs)}. ${change && does("withdraw-invitation", "Withdraw it")}</p>`;
  return html`<h2>Authenticators</h2>
${table({
  caption: `Authenticators of ${user.name}`,
  columns: ["Type", "", "Id", "Added", ""].map((label) => ({ label })),
  rows,
  nothing: "None yet: nobody can sign in as this user where a code is asked.",
})}
${invited}
${
  change &&
  html`<div class="actions">${add("totp", "Add TOTP")}${add("hotp", "Add HOTP")}${add("ocra", "Add OCRA")}${add("backup-codes", "New backup codes")}${does("invite", "Invite by mail", "to add an authenticator")}${does("invite-link", "Invite by a link")}</div>
<details><summary>After a loss of a machine under seeds per machine</summary><p>Other seeds on all machines, from their next sync on. The old ones are good until then, and the new ones have to be shown anew.</p>${does("renew-seeds", "Renew the seeds")}</details>`
}`;
}

function accessPart(visit: SignedIn, user: User, role: string): Markup | null {
  const { token, session } = visit;
  if (!may(session.role, "POST /admin/users/:id/role")) return null;
  const at = `/admin/users/${user.id}`;
  return html`<h2>Access to these pages</h2>
${form({
  action: `${at}/role`,
  token,
  className: "filter",
  submit: "Change role",
  content: selectField({
    name: "role",
    label: "Role",
    value: role,
    choices: roles.map((value) => ({ value, label: value })),
  }),
})}
<p class="soft">A one-time link lets the user set a password; the old one is good until then, unless it is taken away, which ends all sessions as well.</p>
<div class="actions">${buttonForm({ action: `${at}/set-up-link`, token, label: "Make a one-time link" })}${buttonForm({ action: `${at}/reset`, token, label: "Take the password away, and make a link" })}</div>`;
}
