// One machine: what it says of itself, what it is flagged with, who may sign in there offline, and what may be done.

import { pageOfAudit } from "../../audit/search.ts";
import { pageOfReport } from "../../enrolments/report.ts";
import { flagsOf, type Machine, type MachineFlag, theMachineById } from "../../machines/machines.ts";
import { tagsOf } from "../../machines/tags.ts";
import { buttonForm, form, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { table } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";
import type { SignedIn } from "../../web/visit.ts";
import { enrolmentCells, enrolmentColumns } from "../enrolments/cells.ts";
import { type ConsoleParts, may } from "../parts.ts";
import { machineTags } from "./list.ts";

const mostShown = 50;
const shownColumns = ["user", "enrolled", "synced", "days", "sign-ins"] as const;

const meanings: Readonly<Record<MachineFlag, string>> = {
  "sequence-conflict": "It repeated a request number: a replay, a clone or a restored copy.",
  "state-restored": "It has forgotten a revocation that it had reported, or an old state had been put back.",
  "event-gap": "It skipped events.",
  "event-fork": "It told events again, in other words.",
  "event-malformed": "It sent events that can't be read.",
  "events-dropped": "It had no room for all events while it was out of reach.",
};

export async function machinePage(visit: SignedIn, parts: ConsoleParts, answer?: Markup): Promise<Response> {
  const { db } = parts.store;
  const machine = await theMachineById(db, visit.param("id"));
  const wish = { search: "", machineId: machine.id, sort: "user", descending: false, offset: 0 } as const;
  const enrolments = await pageOfReport(db, { ...wish, limit: mostShown }, visit.nowMs);
  const told = { user: "", machine: machine.id, kind: "events-dropped", operator: "" };
  // It is told twice, by the flag and by the machine.
  const dropped = (await pageOfAudit(db, told, undefined, 2)).rows.find(({ source }) => source === "machine");
  const flags = flagsOf(machine);
  const content = html`${answer}
<dl class="facts">
<dt>State</dt><dd>${machine.revokedAtMs === null && html`<span class="tag good">in use</span> `}${machineTags(machine)}</dd>
<dt>Id</dt><dd><code>${machine.id}</code></dd>
<dt>System</dt><dd>${machine.platform}</dd>
<dt>Agent</dt><dd>${machine.agentVersion}</dd>
<dt>Protector of its key</dt><dd>${machine.protector}</dd>
<dt>Joined</dt><dd>${moment(machine.joinedAtMs)}</dd>
<dt>Last heard of</dt><dd>${moment(machine.lastSeenAtMs)}</dd>
<dt>Last sync</dt><dd>${moment(machine.lastSyncAtMs)}</dd>
<dt>Clock</dt><dd>${machine.clockTurnedBackAtMs === null ? "never turned back, as far as it has told" : html`turned back at ${moment(machine.clockTurnedBackAtMs)}`}</dd>
</dl>
${flags.length > 0 && html`<h2>Flags</h2><ul>${flags.map((flag) => html`<li><b>${flag}</b>: ${meanings[flag]}${flag === "events-dropped" && dropped !== undefined && html` Last: ${String(dropped.detail["said"])}.`}</li>`)}</ul>`}
${buttons(visit, machine, flags.length > 0)}
<h2>Offline use</h2>
${table({
  caption: `Who can sign in offline on ${machine.hostname}`,
  columns: enrolmentColumns(shownColumns),
  rows: enrolments.rows.map((row) => enrolmentCells(row, shownColumns)),
  nothing: "Nobody is enrolled here.",
})}
${enrolments.total > mostShown && html`<p class="soft">The first ${mostShown} of ${enrolments.total}.</p>`}
${tagsPart(visit, machine, await tagsOf(db, machine.id))}
${unlockPart(visit, machine)}`;
  return visit.page({ title: machine.hostname, content });
}

function buttons(visit: SignedIn, machine: Machine, flagged: boolean): Markup {
  const { token, session } = visit;
  const at = `/admin/machines/${machine.id}`;
  const about = machine.hostname;
  const exempt = machine.exempt === 1;
  const inUse = machine.revokedAtMs === null;
  return html`<div class="actions">${
    flagged &&
    may(session.role, "POST /admin/machines/:id/clear-flags") &&
    buttonForm({ action: `${at}/clear-flags`, token, label: "Clear flags", about })
  }${
    inUse &&
    may(session.role, "POST /admin/machines/:id/exempt") &&
    buttonForm({
      action: `${at}/exempt`,
      token,
      label: exempt ? "End exemption" : "Exempt from codes",
      about,
      values: { exempt: exempt ? "no" : "yes" },
    })
  }${
    inUse &&
    may(session.role, "GET /admin/machines/:id/revoke") &&
    html`<a class="button quiet" href="${at}/revoke">Revoke…</a>`
  }${
    !inUse &&
    may(session.role, "GET /admin/machines/remove") &&
    html`<a class="button quiet" href="/admin/machines/remove?one=${machine.id}">Remove…</a>`
  }${
    may(session.role, "GET /admin/audit") &&
    html`<a class="button quiet" href="/admin/audit?machine=${machine.id}">Audit</a>`
  }</div>`;
}

function tagsPart(visit: SignedIn, machine: Machine, tags: readonly string[]): Markup {
  const { token, session } = visit;
  const action = `/admin/machines/${machine.id}/tags`;
  const change = may(session.role, "POST /admin/machines/:id/tags");
  const one = (tag: string) =>
    html`<li>${tag}${change && html` ${buttonForm({ action, token, label: "Take away", about: tag, values: { change: "remove", tag } })}`}</li>`;
  return html`<h2>Tags</h2>
<p class="soft">Policies are chosen by them.</p>
${tags.length === 0 ? html`<p class="soft">None.</p>` : html`<ul class="plain">${tags.map(one)}</ul>`}
${
  change &&
  form({
    action,
    token,
    className: "filter",
    submit: "Add",
    content: [
      html`<input type="hidden" name="change" value="add">`,
      textField({ name: "tag", label: "Add a tag", required: true, literal: true, most: 50 }),
    ],
  })
}`;
}

function unlockPart(visit: SignedIn, machine: Machine): Markup | null {
  if (!may(visit.session.role, "POST /admin/machines/:id/unlock-user") || machine.revokedAtMs !== null)
    return null;
  return html`<h2>Help desk</h2>
<p>Somebody is shown a challenge on this machine's screen. Make sure who is calling, type it in, and read the answer back.</p>
${form({
  action: `/admin/machines/${machine.id}/unlock-user`,
  token: visit.token,
  className: "filter",
  submit: "Answer",
  content: [
    textField({
      name: "user",
      label: "User",
      required: true,
      literal: true,
      most: 256,
      value: visit.form.text("user"),
    }),
    textField({
      name: "challenge",
      label: "Challenge",
      required: true,
      literal: true,
      most: 20,
      inputmode: "numeric",
      value: visit.form.text("challenge"),
    }),
  ],
})}`;
}
