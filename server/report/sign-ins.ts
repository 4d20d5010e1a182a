// Sign-ins of the last days, counted by the database out of the audit.

import { sql } from "kysely";
import { dayMs, minuteMs } from "../../words/clock.ts";
import type { Db } from "../store/store.ts";

export interface DayOfSignIns {
  /** Midnight, UTC. */
  readonly atMs: number;
  readonly online: number;
  readonly offline: number;
  /** Refused or locked, online and offline. */
  readonly failed: number;
}

const kinds = ["sign-in-granted", "sign-in-denied", "sign-in-locked"] as const;

/** The oldest first, days without any among them. Offline ones are known once their machine has synced. */
export async function signInsByDay(db: Db, days: number, nowMs: number): Promise<DayOfSignIns[]> {
  const today = Math.floor(nowMs / dayMs);
  const first = today - days + 1;
  const day = sql<number>`at_ms / ${sql.lit(dayMs)}`;
  // As `record` writes it: a quote within somebody's text is never without a backslash before it.
  const offline = sql<number>`case when detail like '%"offline":true%' then 1 else 0 end`;
  const rows = await db
    .selectFrom("audit")
    .select([
      "kind",
      offline.as("offline"),
      day.as("day"),
      (expression) => expression.fn.countAll<number>().as("n"),
    ])
    .where("atMs", ">=", first * dayMs)
    .where("atMs", "<", (today + 1) * dayMs)
    .where("kind", "in", kinds)
    .groupBy(["kind", "offline", "day"])
    .execute();
  const counted = (at: number, fits: (row: { kind: string; offline: number }) => boolean) =>
    rows.filter((row) => Number(row.day) === at && fits(row)).reduce((sum, row) => sum + Number(row.n), 0);
  return Array.from({ length: days }, (_, offset) => {
    const at = first + offset;
    return {
      atMs: at * dayMs,
      online: counted(at, (row) => row.kind === "sign-in-granted" && Number(row.offline) === 0),
      offline: counted(at, (row) => row.kind === "sign-in-granted" && Number(row.offline) === 1),
      failed: counted(at, ({ kind }) => kind !== "sign-in-granted"),
    };
  });
}

/** Many look at the first page, and every look would count weeks of sign-ins anew: counted at most once a minute. */
export class RecentSignIns {
  readonly #db: Db;
  readonly #days: number;
  #held: { readonly atMs: number; readonly counted: Promise<DayOfSignIns[]> } | undefined;

  constructor(db: Db, days: number) {
    this.#db = db;
    this.#days = days;
  }

  at(nowMs: number): Promise<DayOfSignIns[]> {
    const held = this.#held;
    if (held !== undefined && nowMs >= held.atMs && nowMs - held.atMs < minuteMs) return held.counted;
    const counted = signInsByDay(this.#db, this.#days, nowMs);
    this.#held = { atMs: nowMs, counted };
    // A count that failed is not kept.
    counted.catch(() => {
      this.#held = undefined;
    });
    return counted;
  }
}
