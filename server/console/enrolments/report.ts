// The report of offline enrolments: narrowed, sorted, exported, and ended for one or many.

import * as v from "valibot";
import { endEnrolment } from "../../enrolments/enrolments.ts";
import {
  eachOfReport,
  pageOfReport,
  type ReportFilter,
  type ReportQuery,
  type ReportSort,
  reportSorts,
  reportStates,
} from "../../enrolments/report.ts";
import { Failure } from "../../failure.ts";
import { isoTime } from "../../iso-time.ts";
import { form, selectField, textField } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { Address, exportLink, filterForm, listing, pageNumber, pageSize } from "../../pages/tables.ts";
import { csvOf } from "../../report/csv.ts";
import type { SignedIn } from "../../web/visit.ts";
import { type ConsoleHandlers, type ConsoleParts, may } from "../parts.ts";
import { allEnrolmentColumns, enrolmentCells, enrolmentColumns } from "./cells.ts";

const stateChoices = [
  { value: "", label: "All" },
  { value: "expiring", label: "Ends within two days" },
  { value: "expired", label: "Ended by time" },
  { value: "unsynced", label: "Not synced for a week" },
] as const;

export function enrolmentHandlers({ store, identity }: ConsoleParts) {
  return {
    "GET /admin/enrolments": async (visit) => {
      const address = new Address(visit.path, visit.queries);
      const { total, rows } = await pageOfReport(store.db, queryOf(address), visit.nowMs);
      const mayEnd = may(visit.session.role, "POST /admin/enrolments/end");
      const tick = (row: (typeof rows)[number]) =>
        html`<input type="checkbox" name="one" value="${row.machineId}.${row.userId}" aria-label="${row.user} on ${row.hostname}">`;
      const list = listing({
        caption: "Offline enrolments",
        columns: [...(mayEnd ? [{ label: "Choose" }] : []), ...enrolmentColumns(allEnrolmentColumns)],
        rows: rows.map((row) => [
          ...(mayEnd ? [tick(row)] : []),
          ...enrolmentCells(row, allEnrolmentColumns),
        ]),
        nothing:
          "Nobody is enrolled like that. A user becomes enrolled on a machine by signing in there online.",
        address,
        total,
        below: mayEnd
          ? html`<div class="actions"><button class="quiet" type="submit">End the chosen…</button></div>`
          : null,
      });
      const content = html`${filterForm(address, [
        textField({
          name: "search",
          label: "User or machine",
          type: "search",
          value: address.get("search"),
          most: 200,
        }),
        selectField({ name: "state", label: "State", value: address.get("state"), choices: stateChoices }),
      ])}
${exportLink(new Address("/admin/enrolments.csv", visit.queries).with({ page: "", sort: "", done: "" }))}
${mayEnd ? html`<form method="get" action="/admin/enrolments/end">${list}</form>` : list}`;
      return visit.page({ title: "Offline enrolments", content });
    },

    "GET /admin/enrolments.csv": async (visit) => {
      const filter = filterOf(new Address(visit.path, visit.queries));
      const heads = [
        "user",
        "machine",
        "host name",
        "enrolled at",
        "last synced",
        "good until",
        "days left",
        "sign-ins left",
      ];
      return visit.csv(
        "enrolments.csv",
        csvOf(heads, eachOfReport(store.db, filter, visit.nowMs), (row) => [
          row.user,
          row.machineId,
          row.hostname,
          isoTime(row.enrolledAtMs),
          isoTime(row.lastSyncedAtMs),
          isoTime(row.leaseExpiresAtMs),
          row.daysLeft,
          row.signInsLeft,
        ]),
      );
    },

    "GET /admin/enrolments/end": async (visit) => {
      const rows = await chosen(visit, visit.queries.getAll("one"));
      const title = rows.length === 1 ? "End offline use?" : `End offline use of ${rows.length}?`;
      const content = html`<p>Each machine erases what it keeps of the user at its next contact. The user can become enrolled again by signing in there online, if policy allows it.</p>
<ul>${rows.map((row) => html`<li>${row.user} on ${row.hostname} <code>${row.machineId.slice(0, 8)}</code></li>`)}</ul>
${form({
  action: "/admin/enrolments/end",
  token: visit.token,
  content: rows.map((row) => html`<input type="hidden" name="one" value="${row.machineId}.${row.userId}">`),
  submit: rows.length === 1 ? "End it" : `End ${rows.length}`,
  tone: "danger",
  back: "/admin/enrolments",
})}`;
      return visit.page({ title, content });
    },

    "POST /admin/enrolments/end": async (visit) => {
      const rows = await chosen(visit, visit.form.all("one"));
      await visit.write(async (tx) => {
        for (const { machineId, userId, user } of rows)
          await endEnrolment(
            tx,
            identity.signing.privateKey,
            machineId,
            { id: userId, name: user },
            "admin",
            visit.nowMs,
          );
      });
      return visit.goTo("/admin/enrolments", "enrolments-ended");
    },
  } satisfies Partial<ConsoleHandlers>;

  /** @throws Failure for none, too many, or one that is not there any more: nothing is ended then. */
  async function chosen(visit: SignedIn, texts: readonly string[]) {
    if (texts.length === 0) throw new Failure("invalid", "choose at least one enrolment first");
    if (texts.length > pageSize) throw new Failure("invalid", `choose at most ${pageSize} at once`);
    const rows = [];
    for (const text of new Set(texts)) {
      const one = v.safeParse(v.pipe(v.string(), v.regex(/^[A-Z2-7]{32}\.[0-9a-f]{16}$/)), text);
      if (!one.success) throw new Failure("invalid", "this is not an enrolment");
      const [machineId, userId] = one.output.split(".");
      const wish = { search: "", machineId, userId, sort: "user", descending: false, offset: 0 } as const;
      const found = await pageOfReport(store.db, { ...wish, limit: 1 }, visit.nowMs);
      if (found.rows[0] === undefined) throw new Failure("not-found", "one of these has ended already");
      rows.push(found.rows[0]);
    }
    return rows;
  }
}

function filterOf(address: Address): ReportFilter {
  return {
    search: address.get("search").slice(0, 200),
    state: reportStates.find((state) => state === address.get("state")),
  };
}

function queryOf(address: Address): ReportQuery {
  const sort = address.get("sort");
  const filter = filterOf(address);
  return {
    ...filter,
    sort: reportSorts.find((known) => known === sort.replace("-", "")) ?? usualSort(filter),
    descending: sort.startsWith("-"),
    offset: (pageNumber(address.get("page")) - 1) * pageSize,
    limit: pageSize,
  };
}

/** What was asked for by time is read by time. */
function usualSort({ state }: ReportFilter): ReportSort {
  if (state === undefined) return "user";
  return state === "unsynced" ? "synced" : "expires";
}
