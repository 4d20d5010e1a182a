// What machines sent, word for word, goes with the entries that were made of it. What remains is what tells a repeated event
// from a new one: the end of each machine's chain is on the machine's row, and the hashes before it as far back as a machine
// can ask for whose answer was lost.

import { sql } from "kysely";
import { maxEventsAtOnce } from "../../protocol/sync/exchanges.ts";
import type { Db, Tx } from "../store/store.ts";

const atOnce = 1_000;

export interface Turns {
  /** Others have their turn after it where `more` is to come. */
  readonly write: (more: boolean, work: (tx: Tx) => Promise<void>) => Promise<void>;
  readonly letOthers: () => Promise<void>;
}

/** Numbers rise with the time of arrival: behind one that stays, nothing of the same machine goes. */
export async function forgetLines(db: Db, beforeMs: number, { write, letOthers }: Turns): Promise<void> {
  let after = { machineId: "", sequence: 0 };
  for (;;) {
    const rows = await page(db, after);
    if (rows.length === 0) return;
    const ends = await endsOf(db, new Set(rows.map(({ machineId }) => machineId)));
    const old = rows.filter(({ receivedAtMs }) => receivedAtMs < beforeMs);
    const asked = (row: Row) => row.sequence >= (ends.get(row.machineId) ?? 0) - maxEventsAtOnce;
    const gone = old.filter((row) => !asked(row));
    const bare = old.filter((row) => asked(row) && Number(row.hasLine) === 1);
    const more = rows.length === atOnce;
    if (gone.length + bare.length > 0)
      await write(more, async (tx) => {
        for (const { machineId, from, through } of runs(gone))
          await tx
            .deleteFrom("events")
            .where("machineId", "=", machineId)
            .where("sequence", ">=", from)
            .where("sequence", "<=", through)
            .execute();
        for (const { machineId, from, through } of runs(bare))
          await tx
            .updateTable("events")
            .set({ line: "" })
            .where("machineId", "=", machineId)
            .where("sequence", ">=", from)
            .where("sequence", "<=", through)
            .execute();
      });
    else if (more) await letOthers();
    const last = rows.at(-1);
    if (last === undefined || !more) return;
    const stays = last.receivedAtMs >= beforeMs;
    after = { machineId: last.machineId, sequence: stays ? Number.MAX_SAFE_INTEGER : last.sequence };
  }
}

interface Row {
  readonly machineId: string;
  readonly sequence: number;
  readonly receivedAtMs: number;
  readonly hasLine: number;
}

function page(db: Db, { machineId, sequence }: Pick<Row, "machineId" | "sequence">): Promise<Row[]> {
  return db
    .selectFrom("events")
    .select(["machineId", "sequence", "receivedAtMs"])
    .select(sql<number>`case when line = '' then 0 else 1 end`.as("hasLine"))
    .where("machineId", ">=", machineId)
    .where((is) => is.or([is("machineId", ">", machineId), is("sequence", ">", sequence)]))
    .orderBy("machineId")
    .orderBy("sequence")
    .limit(atOnce)
    .execute();
}

async function endsOf(db: Db, ids: ReadonlySet<string>): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom("machines")
    .select(["id", "eventsThrough"])
    .where("id", "in", [...ids])
    .execute();
  return new Map(rows.map(({ id, eventsThrough }) => [id, eventsThrough]));
}

/** Neighbours of one machine as one: they go, or lose their lines, in one statement. */
function runs(rows: readonly Row[]): { machineId: string; from: number; through: number }[] {
  const found: { machineId: string; from: number; through: number }[] = [];
  for (const { machineId, sequence } of rows) {
    const last = found.at(-1);
    if (last?.machineId === machineId && last.through === sequence - 1) last.through = sequence;
    else found.push({ machineId, from: sequence, through: sequence });
  }
  return found;
}
