// What the weekly report says: how many there are of each, and the first ten.

import { dayMs } from "../../words/clock.ts";
import { isoTime } from "../iso-time.ts";
import { flagsOf, machinesThere } from "../machines/machines.ts";
import type { Db } from "../store/store.ts";

export interface Section {
  readonly about: "leases" | "locked" | "flagged" | "silent" | "failed";
  readonly count: number;
  readonly first: readonly (readonly string[])[];
}

const most = 10;
const weekMs = 7 * dayMs;
const silentMs = 30 * dayMs;

export async function weeklyContent(db: Db, nowMs: number): Promise<Section[]> {
  const leases = db
    .selectFrom("enrolments")
    .innerJoin("users", "users.id", "enrolments.userId")
    .innerJoin("machines", "machines.id", "enrolments.machineId")
    .where("enrolments.endedAtMs", "is", null)
    .where("enrolments.leaseExpiresAtMs", ">", nowMs)
    .where("enrolments.leaseExpiresAtMs", "<=", nowMs + weekMs);
  const locked = db
    .selectFrom("users")
    .where((expression) =>
      expression.or([expression("lockedUntilMs", ">", nowMs), expression("selfLockedUntilMs", ">", nowMs)]),
    );
  const machines = machinesThere(db).where("revokedAtMs", "is", null);
  const flagged = machines.where("flags", "<>", "[]");
  const silent = machines.where("lastSeenAtMs", "<", nowMs - silentMs);
  const failed = db
    .selectFrom("messages")
    .leftJoin("users", "users.id", "messages.userId")
    .where("state", "in", ["failed", "expired"])
    .where("endedAtMs", ">=", nowMs - weekMs);
  const endings = await leases
    .select(["users.name", "hostname", "leaseExpiresAtMs"])
    .orderBy("leaseExpiresAtMs")
    .orderBy("machines.id")
    .orderBy("users.name")
    .limit(most)
    .execute();
  const people = await locked.select("name").orderBy("name").limit(most).execute();
  const marked = await flagged
    .select(["hostname", "flags"])
    .orderBy("hostname")
    .orderBy("id")
    .limit(most)
    .execute();
  const quiet = await silent
    .select(["hostname", "lastSeenAtMs"])
    .orderBy("lastSeenAtMs")
    .orderBy("id")
    .limit(most)
    .execute();
  const unsent = await failed
    .select(["messages.kind", "users.name", "problem", "endedAtMs"])
    .orderBy("endedAtMs", "desc")
    .orderBy("messages.id")
    .limit(most)
    .execute();
  return [
    {
      about: "leases",
      count: await counted(leases.select(({ fn }) => fn.countAll<number>().as("n"))),
      first: endings.map((row) => [row.name, row.hostname, minuteText(row.leaseExpiresAtMs)]),
    },
    {
      about: "locked",
      count: await counted(locked.select(({ fn }) => fn.countAll<number>().as("n"))),
      first: people.map(({ name }) => [name]),
    },
    {
      about: "flagged",
      count: await counted(flagged.select(({ fn }) => fn.countAll<number>().as("n"))),
      first: marked.map((row) => [row.hostname, flagsOf(row).join(", ")]),
    },
    {
      about: "silent",
      count: await counted(silent.select(({ fn }) => fn.countAll<number>().as("n"))),
      first: quiet.map(({ hostname, lastSeenAtMs }) => [hostname, minuteText(lastSeenAtMs)]),
    },
    {
      about: "failed",
      count: await counted(failed.select(({ fn }) => fn.countAll<number>().as("n"))),
      first: unsent.map(({ kind, name, problem }) => [kind, name ?? "-", problem ?? "-"]),
    },
  ];
}

/** In UTC, as the letter says: `2026-03-01 12:00`. */
function minuteText(ms: number): string {
  return isoTime(ms).slice(0, 16).replace("T", " ");
}

async function counted(query: {
  executeTakeFirstOrThrow(): Promise<{ readonly n: number }>;
}): Promise<number> {
  return Number((await query.executeTakeFirstOrThrow()).n);
}
