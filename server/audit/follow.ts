// The audit as it grows. Entries have rising numbers, but on PostgreSQL exchanges that run side by side may commit in another
// order: a number that is missing may still come, or may have gone with what was rolled back.

import { type Clock, secondMs } from "../../words/clock.ts";
import type { Db, Store } from "../store/store.ts";
import { type AuditFilter, type ListedEntry, listAudit } from "./audit.ts";

const lookEveryMs = secondMs;
const mostAtOnce = 1_000;

/** The newest that match, then each that comes, once and by its number, until `stop`. The first batch comes even if it is empty. */
export async function* followAudit(
  store: Store,
  filter: AuditFilter,
  clock: Clock,
  stop: AbortSignal,
): AsyncGenerator<readonly ListedEntry[]> {
  let through = await settledThrough(store);
  yield await listAudit(store.db, { ...filter, throughId: through });
  let missing: number | undefined;
  while (!stop.aborted) {
    const { whole, missing: now, more } = await wholeAfter(store.db, through);
    // Still missing after a while: it is waited for once, by waiting for everybody who could write it.
    const known = now !== undefined && now === missing ? await settledThrough(store) : whole;
    missing = known > whole ? undefined : now;
    if (known > through) {
      const limit = known - through;
      yield await listAudit(store.db, { ...filter, limit, afterId: through, throughId: known });
      through = known;
    }
    if (more) continue;
    try {
      await clock.sleep(lookEveryMs, stop);
    } catch {
      return;
    }
  }
}

/** The highest number at a moment at which nobody writes: what is missing below it never comes. */
async function settledThrough(store: Store): Promise<number> {
  return store.write(async (tx) => {
    const { id } = await tx
      .selectFrom("audit")
      .select(({ fn }) => fn.max("id").as("id"))
      .executeTakeFirstOrThrow();
    return Number(id ?? 0);
  });
}

/** Up to where every number is there; the first that is missing before later ones; and whether there may be more. */
async function wholeAfter(
  db: Db,
  through: number,
): Promise<{ readonly whole: number; readonly missing: number | undefined; readonly more: boolean }> {
  const rows = await db
    .selectFrom("audit")
    .select("id")
    .where("id", ">", through)
    .orderBy("id")
    .limit(mostAtOnce)
    .execute();
  const gap = rows.findIndex(({ id }, at) => id !== through + 1 + at);
  return gap < 0
    ? { whole: through + rows.length, missing: undefined, more: rows.length === mostAtOnce }
    : { whole: through + gap, missing: through + gap + 1, more: false };
}
