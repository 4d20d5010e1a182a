// When offline use ends, day by day from today: counted by the database, by the index over leases.

import { sql } from "kysely";
import { dayMs } from "../../words/clock.ts";
import type { Db } from "../store/store.ts";

export interface DayOfEnds {
  /** Midnight, UTC. */
  readonly atMs: number;
  /** Enrolments whose lease ends on this day unless an online sign-in renews it. */
  readonly ends: number;
}

/** Today first, with what has ended today; days without any among them. Machines that are revoked don't count. */
export async function leaseEndsByDay(db: Db, days: number, nowMs: number): Promise<DayOfEnds[]> {
  const first = Math.floor(nowMs / dayMs);
  const rows = await db
    .selectFrom("enrolments")
    .innerJoin("machines", "machines.id", "enrolments.machineId")
    .select([
      sql<number>`lease_expires_at_ms / ${sql.lit(dayMs)}`.as("day"),
      (expression) => expression.fn.countAll<number>().as("n"),
    ])
    .where("enrolments.endedAtMs", "is", null)
    .where("machines.revokedAtMs", "is", null)
    .where("leaseExpiresAtMs", ">=", first * dayMs)
    .where("leaseExpiresAtMs", "<", (first + days) * dayMs)
    .groupBy("day")
    .execute();
  const counted = new Map(rows.map(({ day, n }) => [Number(day), Number(n)]));
  return Array.from({ length: days }, (_, offset) => ({
    atMs: (first + offset) * dayMs,
    ends: counted.get(first + offset) ?? 0,
  }));
}
