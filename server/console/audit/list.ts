// The audit, searched and exported. Its columns are what is known of every entry; the rest is one line of words.

import { dayMs } from "../../../words/clock.ts";
import type { ListedEntry } from "../../audit/audit.ts";
import { type AuditSearch, eachOfAudit, pageOfAudit, recentKinds } from "../../audit/search.ts";
import { idsOfHost } from "../../machines/list.ts";
import { isoTime, readTime } from "../../iso-time.ts";
import { textField } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { Address, countOf, exportLink, filterForm, tableOf } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";
import type { Db } from "../../store/store.ts";
import { csvOf } from "../../report/csv.ts";
import type { ConsoleHandlers, ConsoleParts } from "../parts.ts";

const pageSize = 100;

export function auditHandlers({ store }: ConsoleParts) {
  return {
    "GET /admin/audit": async (visit) => {
      const address = new Address(visit.path, visit.queries);
      const before = /^\d{1,15}$/.test(address.get("before")) ? Number(address.get("before")) : undefined;
      const page = await pageOfAudit(store.db, await searchOf(store.db, address), before, pageSize);
      const kinds = await recentKinds(store.db);
      const field = (
        name: string,
        label: string,
        type: "text" | "date" = "text",
        suggested: readonly string[] = [],
      ) => textField({ name, label, type, value: address.get(name), most: 256, suggested });
      const content = html`${filterForm(address, [
        field("user", "User"),
        field("machine", "Machine: host name or id"),
        field("kind", "Kind", "text", kinds),
        field("operator", "By whom"),
        field("from", "From", "date"),
        field("until", "Until", "date"),
      ])}
${exportLink(new Address("/admin/audit.csv", visit.queries).with({ before: "", done: "" }))}
${countOf(page.before === undefined ? `${page.rows.length} ${page.rows.length === 1 ? "entry" : "entries"}` : `${page.rows.length} entries, and older ones`)}
<section id="list">${
        page.rows.length === 0
          ? html`<p class="nothing">No entry is like that.</p>`
          : tableOf({
              caption: "Audit, the newest first",
              columns: ["At (UTC)", "Kind", "User", "Machine", "By", "Detail"].map((label) => ({ label })),
              rows: page.rows.map((row) => [
                moment(row.atMs),
                html`${row.kind}${row.source === "machine" && html` <span class="tag">machine</span>`}`,
                row.user ?? "",
                row.machine === null
                  ? ""
                  : html`<a href="/admin/machines/${row.machine}"><code>${row.machine.slice(0, 8)}</code></a>`,
                row.operator ?? "",
                detailOf(row, numbersOfEvents),
              ]),
            })
      }
<nav class="pager" aria-label="Pages">${before !== undefined && html`<a class="button quiet" href="${address.with({ before: "" })}">Newest</a>`}${
        page.before !== undefined &&
        html`<a class="button quiet" href="${address.with({ before: String(page.before) })}">Older</a>`
      }</nav></section>`;
      return visit.page({ title: "Audit", content });
    },
    "GET /admin/audit.csv": async (visit) => {
      const search = await searchOf(store.db, new Address(visit.path, visit.queries));
      const heads = ["id", "at", "source", "kind", "user", "machine", "by", "detail"];
      return visit.csv(
        "audit.csv",
        csvOf(heads, eachOfAudit(store.db, search), (row) => [
          row.id,
          isoTime(row.atMs),
          row.source,
          row.kind,
          row.user,
          row.machine,
          row.operator,
          detailOf(row),
        ]),
      );
    },
  } satisfies Partial<ConsoleHandlers>;
}

/** Of a machine's event, what only a machine reads: in the export, and not on the page. */
const numbersOfEvents: readonly string[] = ["event", "sequence", "wallAt", "receivedAt"];

function detailOf({ detail, source }: ListedEntry, without: readonly string[] = []): string {
  return Object.entries(detail)
    .filter(([name]) => source === "server" || !without.includes(name))
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

async function searchOf(db: Db, address: Address): Promise<AuditSearch> {
  const machine = address.get("machine").trim();
  return {
    user: address.get("user").normalize("NFC"),
    machine: "",
    machines: machine === "" ? undefined : [machine.toUpperCase(), ...(await idsOfHost(db, machine))],
    kind: address.get("kind").trim(),
    operator: address.get("operator").slice(0, 200),
    fromMs: midnight(address.get("from"), 0),
    untilMs: midnight(address.get("until"), 1),
  };
}

/** Of a date as browsers send it, so many days later; undefined for any other text. */
function midnight(text: string, later: number): number | undefined {
  const read = readTime(text);
  return read?.isDay === true ? read.atMs + later * dayMs : undefined;
}
