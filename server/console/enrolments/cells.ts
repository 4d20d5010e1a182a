// An enrolment as a row of a table: the report has all columns, other pages some.

import type { ReportRow } from "../../enrolments/report.ts";
import { html, type Markup } from "../../pages/markup.ts";
import type { Column } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";

const columns = {
  user: { label: "User", sort: "user" },
  host: { label: "Machine", sort: "host" },
  enrolled: { label: "Enrolled", sort: "enrolled" },
  synced: { label: "Last synced", sort: "synced" },
  days: { label: "Days left", sort: "expires", numeric: true },
  "sign-ins": { label: "Sign-ins left", numeric: true },
} as const satisfies Record<string, Column>;
export type EnrolmentColumn = keyof typeof columns;

export const allEnrolmentColumns = Object.keys(columns) as EnrolmentColumn[];

export function enrolmentColumns(names: readonly EnrolmentColumn[]): Column[] {
  return names.map((name) => columns[name]);
}

export function enrolmentCells(
  row: ReportRow,
  names: readonly EnrolmentColumn[],
): (Markup | string | number)[] {
  const cells: Record<EnrolmentColumn, Markup | string | number> = {
    user: html`<a href="/admin/users/${row.userId}">${row.user}</a>`,
    host: html`<a href="/admin/machines/${row.machineId}">${row.hostname}</a>`,
    enrolled: moment(row.enrolledAtMs),
    synced: moment(row.lastSyncedAtMs),
    days: row.daysLeft === 0 ? html`<span class="tag bad">expired</span>` : row.daysLeft,
    "sign-ins": row.signInsLeft ?? "no limit",
  };
  return names.map((name) => cells[name]);
}
