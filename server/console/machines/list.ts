// All machines: found by host name, narrowed by state, a page at a time.

import {
  type MachineQuery,
  type MachineSort,
  machineSorts,
  machineStates,
  pageOfMachines,
} from "../../machines/list.ts";
import { flagsOf, type Machine, type MachineFlag } from "../../machines/machines.ts";
import { selectField, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { Address, filterForm, listing, pageNumber, pageSize } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";
import type { Db } from "../../store/store.ts";
import type { SignedIn } from "../../web/visit.ts";
import { may } from "../parts.ts";

const stateChoices = [
  { value: "", label: "All" },
  { value: "in-use", label: "In use" },
  { value: "flagged", label: "Flagged" },
  { value: "silent", label: "No sync for a week" },
  { value: "exempt", label: "Exempt" },
  { value: "revoked", label: "Revoked" },
] as const;

const columns = [
  { label: "Host name", sort: "host" },
  { label: "Id" },
  { label: "System" },
  { label: "Agent", sort: "version" },
  { label: "Protector" },
  { label: "Last sync", sort: "sync" },
  { label: "Clock" },
  { label: "State and warnings" },
] as const;

export async function machinesPage(visit: SignedIn, db: Db): Promise<Response> {
  const address = new Address(visit.path, visit.queries);
  const { total, rows } = await pageOfMachines(db, queryOf(address), visit.nowMs);
  // Only what is revoked can be removed: where nothing is, there is nothing to choose.
  const mayRemove = may(visit.session.role, "POST /admin/machines/remove");
  const choice = mayRemove && rows.some((row) => row.revokedAtMs !== null);
  const tick = (row: Machine) =>
    row.revokedAtMs === null
      ? ""
      : html`<input type="checkbox" name="one" value="${row.id}" aria-label="${row.hostname} ${row.id.slice(0, 8)}">`;
  const list = listing({
    caption: "Machines",
    columns: [...(choice ? [{ label: "Choose" }] : []), ...columns],
    rows: rows.map((row) => [...(choice ? [tick(row)] : []), ...cellsOf(row)]),
    nothing: "No machine is like that.",
    address,
    total,
    below: choice
      ? html`<div class="actions"><button class="quiet" type="submit">Remove the chosen…</button></div>`
      : null,
  });
  const content = html`${filterForm(address, [
    textField({
      name: "search",
      label: "Host name or id",
      type: "search",
      value: address.get("search"),
      most: 200,
    }),
    selectField({ name: "state", label: "State", value: address.get("state"), choices: stateChoices }),
  ])}
${mayRemove ? html`<form method="get" action="/admin/machines/remove">${list}</form>` : list}`;
  return visit.page({ title: "Machines", content });
}

function cellsOf(row: Machine): (Markup | string)[] {
  return [
    html`<a href="/admin/machines/${row.id}">${row.hostname}</a>`,
    html`<code>${row.id.slice(0, 8)}</code>`,
    row.platform,
    row.agentVersion,
    row.protector,
    moment(row.lastSyncAtMs),
    row.clockTurnedBackAtMs === null ? "" : html`turned back ${moment(row.clockTurnedBackAtMs)}`,
    machineTags(row),
  ];
}

function queryOf(address: Address): MachineQuery {
  const sort = address.get("sort");
  const known = (Object.keys(machineSorts) as MachineSort[]).find((one) => one === sort.replace("-", ""));
  return {
    search: address.get("search").slice(0, 200),
    state: machineStates.find((state) => state === address.get("state")),
    sort: known ?? "host",
    descending: sort.startsWith("-"),
    offset: (pageNumber(address.get("page")) - 1) * pageSize,
    limit: pageSize,
  };
}

export function machineTags(machine: Machine): Markup {
  return html`${machine.revokedAtMs !== null && html`<span class="tag bad">revoked</span> `}${
    machine.exempt === 1 && html`<span class="tag warn">exempt</span> `
  }${flagsOf(machine).map((flag) => html`<span class="tag warn">${warnings[flag]}</span> `)}`;
}

/** What a flag comes to; its own word and what it means stand on the machine's page. */
const warnings: Readonly<Record<MachineFlag, string>> = {
  "sequence-conflict": "clone or replay",
  "state-restored": "rolled back",
  "event-gap": "events missing",
  "event-fork": "events altered",
  "event-malformed": "events unreadable",
  "events-dropped": "events dropped",
};
