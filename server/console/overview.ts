// The first page: how things stand, what needs a look, and the sign-ins of the last days as a plot and as a table.

import { expiringWithinMs, pageOfReport, type ReportState } from "../enrolments/report.ts";
import { isoTime } from "../iso-time.ts";
import { type MachineState, pageOfMachines } from "../machines/list.ts";
import { assetPath } from "../pages/assets.ts";
import { html, type Markup } from "../pages/markup.ts";
import { tableOf } from "../pages/tables.ts";
import { countAll } from "../report/counts.ts";
import { type DayOfSignIns, RecentSignIns } from "../report/sign-ins.ts";
import type { Db } from "../store/store.ts";
import { pageOfUsers } from "../users/list.ts";
import type { SignedIn } from "../web/visit.ts";
import { enrolmentCells, enrolmentColumns } from "./enrolments/cells.ts";
import type { ConsoleHandlers, ConsoleParts } from "./parts.ts";

const plottedDays = 30;
const mostShown = 10;
const shownColumns = ["user", "host", "synced", "days", "sign-ins"] as const;

export function overviewHandlers({ store: { db } }: ConsoleParts) {
  const recent = new RecentSignIns(db, plottedDays);
  return {
    "GET /admin": async (visit) => overviewPage(visit, db, await recent.at(visit.nowMs)),
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

async function overviewPage(visit: SignedIn, db: Db, days: readonly DayOfSignIns[]): Promise<Response> {
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
<div id="plot" class="card plot" data-from="/admin/sign-ins.json" hidden></div>
<details><summary>The same as a table</summary>${signInTable(days)}</details>
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
