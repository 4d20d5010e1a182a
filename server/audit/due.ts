// Which entries came here before a moment. An event of a machine may have happened long before it was told: its time here
// begins with its arrival, or nobody would ever see what a machine brings that was away for longer than entries are kept.

import type { Db } from "../store/store.ts";

export interface DueEntry {
  readonly id: number;
  readonly atMs: number;
}

export interface Due {
  readonly entries: readonly DueEntry[];
  /** Whether there may be more: the next look is another one's turn before. */
  readonly more: boolean;
}

/** What one write removes, and one look reads. */
const atOnce = 500;

/** The oldest first. What is removed meanwhile shifts nothing. */
export async function* dueBefore(db: Db, beforeMs: number): AsyncGenerator<Due> {
  let last: DueEntry = { atMs: Number.MIN_SAFE_INTEGER, id: 0 };
  for (;;) {
    const { atMs, id } = last;
    const rows = await db
      .selectFrom("audit")
      .select(["id", "atMs", "source", "detail"])
      .where("atMs", "<", beforeMs)
      // Said apart, the index is entered there.
      .where("atMs", ">=", atMs)
      .where((is) => is.or([is("atMs", ">", atMs), is("id", ">", id)]))
      .orderBy("atMs")
      .orderBy("id")
      .limit(atOnce)
      .execute();
    const entries = rows
      .filter((row) => (cameAtMs(row) ?? beforeMs) < beforeMs)
      .map((row) => ({ id: row.id, atMs: row.atMs }));
    const end = rows.at(-1);
    const more = rows.length === atOnce;
    if (more || entries.length > 0) yield { entries, more };
    if (end === undefined || !more) return;
    last = end;
  }
}

/** When the newest entry came; undefined when there is none. */
export async function newestCameAtMs(db: Db): Promise<number | undefined> {
  const row = await db
    .selectFrom("audit")
    .select(["atMs", "source", "detail"])
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : cameAtMs(row);
}

/** Undefined for one that can't be read, which is not removed. */
function cameAtMs(row: {
  readonly atMs: number;
  readonly source: string;
  readonly detail: string;
}): number | undefined {
  if (row.source === "server") return row.atMs;
  try {
    const { receivedAt } = JSON.parse(row.detail) as { receivedAt?: unknown };
    // An event that could not be read has the time at which it came.
    if (receivedAt === undefined) return row.atMs;
    const ms = Date.parse(String(receivedAt));
    return Number.isNaN(ms) ? undefined : ms;
  } catch {
    return undefined;
  }
}
