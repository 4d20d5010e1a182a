// Machines in pages, narrowed and sorted by the database.

import { dayMs } from "../../words/clock.ts";
import { containing } from "../store/containing.ts";
import type { Db } from "../store/store.ts";
import { type Machine, machinesThere } from "./machines.ts";

export const machineSorts = {
  host: "hostname",
  joined: "joinedAtMs",
  sync: "lastSyncAtMs",
  version: "agentVersion",
} as const;
export type MachineSort = keyof typeof machineSorts;

export const machineStates = ["in-use", "revoked", "flagged", "exempt", "silent"] as const;
export type MachineState = (typeof machineStates)[number];

/** Without a sync for so long a machine counts as silent. */
export const silentAfterMs = 7 * dayMs;

const mostOfOneName = 100;

export interface MachineQuery {
  /** Part of the host name or the id; empty for all. */
  readonly search: string;
  readonly state?: MachineState | undefined;
  readonly sort: MachineSort;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export async function pageOfMachines(
  db: Db,
  query: MachineQuery,
  nowMs: number,
): Promise<{ readonly total: number; readonly rows: readonly Machine[] }> {
  const some = narrowed(db, query, nowMs);
  const { total } = await some
    .select((expression) => expression.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const rows = await some
    .selectAll()
    .orderBy(machineSorts[query.sort], query.descending ? "desc" : "asc")
    .orderBy("id")
    .limit(query.limit)
    .offset(query.offset)
    .execute();
  return { total: Number(total), rows };
}

/** Of all machines that have or had this host name, removed ones among them, the newest first; no more than so many. */
export async function idsOfHost(db: Db, hostname: string): Promise<string[]> {
  const rows = await db
    .selectFrom("machines")
    .select("id")
    .where("hostname", "=", hostname)
    .orderBy("joinedAtMs", "desc")
    .orderBy("id")
    .limit(mostOfOneName)
    .execute();
  return rows.map(({ id }) => id);
}

function narrowed(db: Db, { search, state }: MachineQuery, nowMs: number) {
  return machinesThere(db)
    .$if(search !== "", (some) =>
      some.where((expression) => expression.or([containing("hostname", search), containing("id", search)])),
    )
    .$if(state === "in-use", (some) => some.where("revokedAtMs", "is", null))
    .$if(state === "revoked", (some) => some.where("revokedAtMs", "is not", null))
    .$if(state === "flagged", (some) => some.where("flags", "<>", "[]"))
    .$if(state === "exempt", (some) => some.where("exempt", "=", 1))
    .$if(state === "silent", (some) =>
      some
        .where("revokedAtMs", "is", null)
        .where((expression) =>
          expression.or([
            expression("lastSyncAtMs", "is", null),
            expression("lastSyncAtMs", "<", nowMs - silentAfterMs),
          ]),
        ),
    );
}
