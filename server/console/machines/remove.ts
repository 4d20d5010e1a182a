// Revoked machines are taken off the lists: one from its page, or many chosen in the list.

import { Failure } from "../../failure.ts";
import { type Machine, theMachineById } from "../../machines/machines.ts";
import { removeMachines } from "../../machines/remove.ts";
import { form } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { pageSize } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";
import type { Db } from "../../store/store.ts";
import type { ConsoleHandlers, ConsoleParts } from "../parts.ts";

const list = "/admin/machines?state=revoked";

export function machineRemovals({ store, identity }: ConsoleParts) {
  return {
    "GET /admin/machines/remove": async (visit) => {
      const machines = await chosen(store.db, visit.queries.getAll("one"));
      const [only] = machines.length === 1 ? machines : [];
      const content = html`<p>They go from every list, count and report, and their names are free. There is no way back. Whichever comes back one day is still refused and told to erase itself; the audit keeps what it did.</p>
<ul>${machines.map((one) => html`<li>${one.hostname} <code>${one.id.slice(0, 8)}</code>, revoked ${moment(one.revokedAtMs)}</li>`)}</ul>
${form({
  action: "/admin/machines/remove",
  token: visit.token,
  content: machines.map((one) => html`<input type="hidden" name="one" value="${one.id}">`),
  submit: only === undefined ? `Remove ${machines.length}` : `Remove ${only.hostname}`,
  tone: "danger",
  back: only === undefined ? list : `/admin/machines/${only.id}`,
})}`;
      const title = only === undefined ? `Remove ${machines.length} machines?` : `Remove ${only.hostname}?`;
      return visit.page({ title, content });
    },
    "POST /admin/machines/remove": async (visit) => {
      const count = await visit.write(async (tx) => {
        const machines = await chosen(tx, visit.form.all("one"));
        await removeMachines(tx, identity.signing.privateKey, machines, visit.nowMs);
        return machines.length;
      });
      return visit.goTo(list, count === 1 ? "machine-removed" : "machines-removed");
    },
  } satisfies Partial<ConsoleHandlers>;
}

/** @throws Failure for none, too many, and for one that is not there any more or in use: nothing is removed then. */
async function chosen(db: Db, ids: readonly string[]): Promise<Machine[]> {
  if (ids.length === 0) throw new Failure("invalid", "choose at least one revoked machine first");
  if (ids.length > pageSize) throw new Failure("invalid", `choose at most ${pageSize} at once`);
  const machines: Machine[] = [];
  for (const id of new Set(ids)) {
    const one = await theMachineById(db, id);
    if (one.revokedAtMs === null)
      throw new Failure("conflict", `${one.hostname} is in use: revoke it first; nothing was removed`);
    machines.push(one);
  }
  return machines;
}
