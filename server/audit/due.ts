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

/**
 * Entries are numbered as they come. From this number on they came in the time given, whatever a clock that was behind has
 * written on them.
 */
export async function firstSince(db: Db, fromMs: number, nowMs: number): Promise<number> {
  const rows = await db
    .selectFrom("audit")
    .select("id")
    .where("source", "=", "server")
    .where("atMs", ">=", fromMs)
    .where("atMs", "<=", nowMs)
    .orderBy("atMs")
    .orderBy("id")
    .limit(atOnce)
    .execute();
  return Math.min(Number.MAX_SAFE_INTEGER, ...rows.map(({ id }) => id));
}

/** Of numbers below one, the oldest first. What is removed meanwhile shifts nothing. */
export async function* dueBefore(db: Db, beforeMs: number, belowId: number): AsyncGenerator<Due> {
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
      .filter((row) => row.id < belowId && (cameAtMs(row) ?? beforeMs) < beforeMs)
      .map((row) => ({ id: row.id, atMs: row.atMs }));
    const end = rows.at(-1);
    const more = rows.length === atOnce;
    if (more || entries.length > 0) yield { entries, more };
    if (end === undefined || !more) return;
    last = end;
  }
}

/** That it was pruned shows nothing: one pruning would let the next one go further. */
export const prunedKind = "audit-pruned";

/** When the newest entry came but for those of prunings; undefined when there is none. */
export async function newestCameAtMs(db: Db): Promise<number | undefined> {
  const row = await db
    .selectFrom("audit")
    .select(["atMs", "source", "detail"])
    .where("kind", "!=", prunedKind)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : cameAtMs(row);
}

/** Likewise of those before a moment, by the server's own. */
export async function newestAtMsBefore(db: Db, beforeMs: number): Promise<number | undefined> {
  const row = await db
    .selectFrom("audit")
    .select("atMs")
    .where("source", "=", "server")
    .where("kind", "!=", prunedKind)
    .where("atMs", "<", beforeMs)
    .orderBy("atMs", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.atMs;
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
