// Entries that came before a moment are removed, for good: some at a time, so that nobody's sign-in waits for long.

import { type Clock, dayMs } from "../../words/clock.ts";
import { Failure } from "../failure.ts";
import { isoTime, secondTime } from "../iso-time.ts";
import type { Db, Store, Tx } from "../store/store.ts";
import { forgetLines } from "../synchronisation/forget-lines.ts";
import { record, serverEntry } from "./audit.ts";
import { dueBefore, firstSince, newestAtMsBefore, newestCameAtMs, prunedKind } from "./due.ts";
import { leastDays } from "./retention.ts";

/** So long before the newest entry nothing is removed either: a clock that is years ahead has no entry beside it. */
const leastBehindNewestMs = 7 * dayMs;
const leastPauseMs = 20;

export interface Pace {
  readonly clock: Clock;
  /** Ends it between two writes: what is removed by then is removed. */
  readonly stop: AbortSignal;
  readonly onRemoved?: (entries: number, of: number) => void;
}

export interface Span {
  readonly entries: number;
  /** Of the oldest and the newest among them; null when there are none. */
  readonly fromMs: number | null;
  readonly throughMs: number | null;
  /** Only lower numbers are among them. */
  readonly belowId: number;
}

/**
 * What would go. `onSome` sees the numbers of all, some at a time.
 * @throws Failure for a moment before which nothing may be removed.
 */
export async function spanBefore(
  db: Db,
  beforeMs: number,
  { clock, stop }: Pace,
  onSome: (ids: readonly number[]) => Promise<void> = async () => undefined,
): Promise<Span> {
  const nowMs = clock.wallMs();
  await checkBefore(db, beforeMs, nowMs);
  const belowId = await firstSince(db, nowMs - leastDays * dayMs, nowMs);
  let [entries, fromMs, throughMs]: [number, number | null, number | null] = [0, null, null];
  for await (const { entries: due, more } of dueBefore(db, beforeMs, belowId)) {
    if (due.length > 0) await onSome(due.map(({ id }) => id));
    entries += due.length;
    fromMs ??= due[0]?.atMs ?? null;
    throughMs = due.at(-1)?.atMs ?? throughMs;
    if (more) await letOthers(clock, stop);
  }
  return { entries, fromMs, throughMs, belowId };
}

/**
 * Removes them, and what machines sent of the same time. The audit has it before the first of them is gone.
 * @throws Failure as `spanBefore`; whatever `stop` rejects sleeping with.
 */
export async function pruneAudit(store: Store, beforeMs: number, pace: Pace): Promise<Span> {
  return removeSpan(store, beforeMs, await spanBefore(store.db, beforeMs, pace), pace);
}

/** Likewise, of what was looked at already. */
export async function removeSpan(store: Store, beforeMs: number, span: Span, pace: Pace): Promise<Span> {
  let gone = 0;
  for await (const { entries, more } of dueBefore(store.db, beforeMs, span.belowId)) {
    const ids = entries.map(({ id }) => id);
    if (ids.length === 0) {
      await letOthers(pace.clock, pace.stop);
      continue;
    }
    gone += await pacedWrite(store, pace, more, async (tx) => {
      const { numDeletedRows } = await tx
        .deleteFrom("audit")
        .where("id", "in", ids)
        .executeTakeFirstOrThrow();
      // Somebody else who prunes at the same time may have removed them, and tells of it.
      if (gone === 0 && numDeletedRows > 0n) await tell(tx, beforeMs, span, pace.clock.wallMs());
      return Number(numDeletedRows);
    });
    pace.onRemoved?.(gone, span.entries);
  }
  await forgetLines(store.db, beforeMs, {
    write: (more, work) => pacedWrite(store, pace, more, work),
    letOthers: () => letOthers(pace.clock, pace.stop),
  });
  return { ...span, entries: gone };
}

/** SQLite answers without a turn of the loop in between. */
function letOthers(clock: Clock, stop: AbortSignal): Promise<void> {
  return clock.sleep(1, stop);
}

/** After it, where `more` is to come, others write for as long as it took. */
async function pacedWrite<T>(
  store: Store,
  { clock, stop }: Pace,
  more: boolean,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const begunMs = clock.monotonicMs();
  const done = await store.write(work);
  if (more) await clock.sleep(Math.max(leastPauseMs, clock.monotonicMs() - begunMs), stop);
  return done;
}

async function tell(tx: Tx, beforeMs: number, span: Span, nowMs: number): Promise<void> {
  const time = (ms: number | null) => (ms === null ? null : isoTime(ms));
  const detail = {
    before: isoTime(beforeMs),
    entries: span.entries,
    from: time(span.fromMs),
    through: time(span.throughMs),
  };
  await record(tx, serverEntry(nowMs, prunedKind, {}, detail));
}

/** Whatever the clock says, nothing after it is removed; undefined while there is no entry. */
export async function latestByEntries(db: Db): Promise<number | undefined> {
  const newestMs = await newestCameAtMs(db);
  return newestMs === undefined ? undefined : newestMs - leastBehindNewestMs;
}

/** @throws Failure for a moment before which nothing may be removed. */
export async function checkBefore(db: Db, beforeMs: number, nowMs: number): Promise<void> {
  const latestMs = nowMs - leastDays * dayMs;
  if (!(beforeMs <= latestMs))
    throw new Failure(
      "invalid",
      `the last ${leastDays} days are kept, so that nobody removes the traces of what they have just done: give ${leastDays}d, ${isoTime(latestMs).slice(0, 10)}, or what is earlier`,
    );
  const newestMs = await newestCameAtMs(db);
  if (newestMs !== undefined && beforeMs > newestMs - leastBehindNewestMs)
    throw new Failure(
      "unsafe",
      `the newest entry is of ${secondTime(newestMs)}, and this would remove what came less than a week before it: is this host's clock right? It says ${secondTime(nowMs)}. Nothing was removed`,
    );
}

/**
 * By hand nobody has watched the clock, and one that has leapt writes new entries at once: the witness is older than a week.
 * @throws Failure likewise.
 */
export async function checkByHand(db: Db, beforeMs: number, nowMs: number): Promise<void> {
  await checkBefore(db, beforeMs, nowMs);
  const witnessMs = await newestAtMsBefore(db, nowMs - leastBehindNewestMs);
  if (witnessMs !== undefined && beforeMs > witnessMs - leastBehindNewestMs)
    throw new Failure(
      "unsafe",
      `before the last 7 days the newest entry is of ${secondTime(witnessMs)}, and this would remove what came less than a week before it: is this host's clock right? It says ${secondTime(nowMs)}. If it is, give an earlier time, or wait for a week. Nothing was removed`,
    );
}
