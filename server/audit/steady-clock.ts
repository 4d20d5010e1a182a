// Whether the clock may be believed where a wrong one would erase: since when all instances of the server, looking again and
// again, have seen it go on as clocks do. A leap in either direction, or a long time in which nobody looked, begins it anew.

import { dayMs } from "../../words/clock.ts";
import { note, noted } from "../store/notices.ts";
import type { Db, Tx } from "../store/store.ts";

/** A server that was off for the night has not seen a leap. */
const mostUnseenMs = 2 * dayMs;

const looked = "audit-clock-looked";
const steady = "audit-clock-steady";

export interface Looked {
  /** Since when it is steady, this look included. */
  readonly sinceMs: number;
  /** It is not at the end of what was seen before. */
  readonly leapt: boolean;
}

export async function lookAtClock(tx: Tx, nowMs: number): Promise<Looked> {
  const [lookedAtMs, sinceMs] = [await noted(tx, looked), await noted(tx, steady)];
  const goesOn =
    lookedAtMs !== undefined && sinceMs !== undefined && Math.abs(nowMs - lookedAtMs) <= mostUnseenMs;
  // What is older is forgotten some day, and need not be told from this.
  const steadyMs = goesOn ? Math.max(sinceMs, nowMs - 30 * dayMs) : nowMs;
  await note(tx, looked, nowMs);
  await note(tx, steady, steadyMs);
  return { sinceMs: steadyMs, leapt: lookedAtMs !== undefined && !goesOn };
}

/** Undefined when nobody has looked. */
export function steadySinceMs(db: Db): Promise<number | undefined> {
  return noted(db, steady);
}

export async function forgetSteadiness(tx: Tx): Promise<void> {
  await tx.deleteFrom("notices").where("name", "in", [looked, steady]).execute();
}
