// How many there are of everything, counted by the database.

import { machinesThere } from "../machines/machines.ts";
import type { Db } from "../store/store.ts";

export interface Counts {
  readonly users: number;
  /** That have not been revoked. */
  readonly machines: number;
  /** That have not ended. */
  readonly enrolments: number;
}

export async function countAll(db: Db): Promise<Counts> {
  const users = await db
    .selectFrom("users")
    .select((expression) => expression.fn.countAll<number>().as("n"))
    .executeTakeFirstOrThrow();
  const machines = await machinesThere(db)
    .select((expression) => expression.fn.countAll<number>().as("n"))
    .where("revokedAtMs", "is", null)
    .executeTakeFirstOrThrow();
  const enrolments = await db
    .selectFrom("enrolments")
    .select((expression) => expression.fn.countAll<number>().as("n"))
    .where("endedAtMs", "is", null)
    .executeTakeFirstOrThrow();
  return { users: Number(users.n), machines: Number(machines.n), enrolments: Number(enrolments.n) };
}
