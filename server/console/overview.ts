// The first page: how things stand, what needs a look, the sign-ins of the last days and the ends of offline use in the next
// ones, each as a plot and as a table.

import { expiringWithinMs, pageOfReport, type ReportState } from "../enrolments/report.ts";
import { isoTime } from "../iso-time.ts";
import { type MachineState, pageOfMachines } from "../machines/list.ts";
import { assetPath } from "../pages/assets.ts";
import { html, type Markup } from "../pages/markup.ts";
import { tableOf } from "../pages/tables.ts";
import { countAll } from "../report/counts.ts";
import { type DayOfEnds, leaseEndsByDay } from "../report/lease-ends.ts";
import { type DayOfSignIns, RecentSignIns } from "../report/sign-ins.ts";
import type { Db } from "../store/store.ts";
import { pageOfUsers } from "../users/list.ts";
import type { SignedIn } from "../web/visit.ts";
import { enrolmentCells, enrolmentColumns } from "./enrolments/cells.ts";
import type { ConsoleHandlers, ConsoleParts } from "./parts.ts";

const plottedDays = 30;
const daysAhead = 14;
const mostShown = 10;
const shownColumns = ["user", "host", "synced", "days", "sign-ins"] as const;

export function overviewHandlers({ store: { db } }: ConsoleParts) {
  const recent = new RecentSignIns(db, plottedDays);
  return {
    "GET /admin": async (visit) =>
      overviewPage(visit, db, await recent.at(visit.nowMs), await leaseEndsByDay(db, daysAhead, visit.nowMs)),
    "GET /admin/lease-ends.json": async (visit) => {
      const days = await leaseEndsByDay(db, daysAhead, visit.nowMs);
      return visit.data({
        atSeconds: days.map((day) => day.atMs / 1_000),
        ends: days.map((day) => day.ends),
      });
    },
    "GET /admin/sign-ins.json": async (visit) => {
      const days = await recent.at(visit.nowMs);
      return visit.data({
        atSeconds: days.map((day) => day.atMs / 1_000),
        online: days.map((day) => day.online),
        offline: days.map((day) => day.offline),
        failed: days.map((day) => day.failed),
      });
    },
  } satisfies Partial<ConsoleHandlers>;
}

async function overviewPage(
  visit: SignedIn,
  db: Db,
  days: readonly DayOfSignIns[],
  ends: readonly DayOfEnds[],
): Promise<Response> {
  const { nowMs } = visit;
  const counts = await countAll(db);
  const machines = (state: MachineState) =>
    pageOfMachines(db, { search: "", state, sort: "host", descending: false, offset: 0, limit: 1 }, nowMs);
  const report = (state: ReportState, limit: number) =>
    pageOfReport(db, { search: "", state, sort: "expires", descending: false, offset: 0, limit }, nowMs);
  const locked = {
    search: "",
    state: "locked",
    sort: "name",
    descending: false,
    offset: 0,
    limit: 1,
  } as const;
  const expiring = await report("expiring", mostShown);
  const content = html`<dl class="figures">
${figure("Users", counts.users, "/admin/users")}
${figure("Machines", counts.machines, "/admin/machines?state=in-use")}
${figure("Offline enrolments", counts.enrolments, "/admin/enrolments")}
${figure("Flagged machines", (await machines("flagged")).total, "/admin/machines?state=flagged", true)}
${figure("Machines silent for a week", (await machines("silent")).total, "/admin/machines?state=silent", true)}
${figure("Users locked out", (await pageOfUsers(db, locked, nowMs)).total, "/admin/users?state=locked", true)}
</dl>
<h2>Sign-ins</h2>
${plot("/admin/sign-ins.json", signInLines)}
<details><summary>The same as a table</summary>${signInTable(days)}</details>
<h2>Offline use that ends in the next ${daysAhead} days</h2>
${plot("/admin/lease-ends.json", endBars, "bars")}
<details><summary>The same as a table</summary>${endTable(ends)}</details>
<h2>Offline use that ends within ${expiringWithinMs / 86_400_000} days</h2>
${
  expiring.rows.length === 0
    ? html`<p class="nothing">None.</p>`
    : tableOf({
        caption: "Enrolments about to expire",
        columns: enrolmentColumns(shownColumns),
        rows: expiring.rows.map((row) => enrolmentCells(row, shownColumns)),
      })
}
${expiring.total > mostShown && html`<p><a href="/admin/enrolments?state=expiring&sort=expires">All ${expiring.total}</a></p>`}`;
  return visit.page({
    title: "Overview",
    content,
    styles: [assetPath("uplot.css")],
    scripts: [assetPath("uplot.js"), assetPath("plot.js")],
  });
}

/** What is drawn of the figures: their name in the answer, what it is called, and in which colour of the style sheet. */
type Line = readonly [name: string, label: string, tone: "accent" | "good" | "bad" | "warn"];
const signInLines: readonly Line[] = [
  ["online", "Online", "accent"],
  ["offline", "Offline", "good"],
  ["failed", "Refused or locked", "bad"],
];
const endBars: readonly Line[] = [["ends", "Enrolments that end", "warn"]];

/** Without a script there is the table below it. */
function plot(from: string, lines: readonly Line[], drawn: "lines" | "bars" = "lines"): Markup {
  return html`<div class="card plot" data-from="${from}" data-lines="${JSON.stringify(lines)}" data-drawn="${drawn}" aria-hidden="true" hidden></div>`;
}

/** `watch`: more than none is worth a look. */
function figure(label: string, value: number, path: string, watch = false): Markup {
  return html`<div class="figure${watch && value > 0 ? " watch" : ""}"><dt><a href="${path}">${label}</a></dt><dd>${value.toLocaleString("en")}</dd></div>`;
}

function signInTable(days: readonly DayOfSignIns[]): Markup {
  return tableOf({
    caption: "Sign-ins by day",
    columns: [
      { label: "Day (UTC)" },
      ...["Online", "Offline", "Refused or locked"].map((label) => ({ label, numeric: true })),
    ],
    rows: days
      .toReversed()
      .map((day) => [isoTime(day.atMs).slice(0, 10), day.online, day.offline, day.failed]),
  });
}

function endTable(days: readonly DayOfEnds[]): Markup {
  return tableOf({
    caption: "Ends of offline use by day",
    columns: [{ label: "Day (UTC)" }, { label: "Enrolments that end", numeric: true }],
    rows: days.map((day) => [isoTime(day.atMs).slice(0, 10), day.ends]),
  });
}
