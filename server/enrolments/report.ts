// The report of offline enrolments: who may sign in where without a network, since when and how much longer.

import { dayMs } from "../../words/clock.ts";
import { containing } from "../store/containing.ts";
import type { Db } from "../store/store.ts";

export const reportSorts = ["user", "host", "enrolled", "synced", "expires"] as const;
export type ReportSort = (typeof reportSorts)[number];

export const reportStates = ["expiring", "expired", "unsynced"] as const;
export type ReportState = (typeof reportStates)[number];

/** A lease that ends within so long is about to expire. */
export const expiringWithinMs = 2 * dayMs;
export const unsyncedAfterMs = 7 * dayMs;

export interface ReportFilter {
  /** Part of the user's or the host's name; empty for all. */
  readonly search: string;
  readonly state?: ReportState | undefined;
  readonly userId?: string | undefined;
  readonly machineId?: string | undefined;
}

export interface ReportQuery extends ReportFilter {
  readonly sort: ReportSort;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export interface ReportRow {
  readonly userId: string;
  readonly user: string;
  readonly machineId: string;
  readonly hostname: string;
  readonly enrolledAtMs: number;
  readonly lastSyncedAtMs: number;
  readonly leaseExpiresAtMs: number;
  readonly daysLeft: number;
  /** Null: not limited by number. As of the machine's last sync. */
  readonly signInsLeft: number | null;
}

export async function pageOfReport(
  db: Db,
  query: ReportQuery,
  nowMs: number,
): Promise<{ readonly total: number; readonly rows: readonly ReportRow[] }> {
  const total = await totalOf(db, query, nowMs);
  const direction = query.descending ? "desc" : "asc";
  const rows = await narrowed(db, query, nowMs)
    .select(columns)
    .orderBy(columnOf[query.sort], direction)
    .orderBy("enrolments.machineId")
    .orderBy("enrolments.userId")
    .limit(query.limit)
    .offset(query.offset)
    .execute();
  return { total, rows: rows.map((row) => reportRow(row, nowMs)) };
}

const stepRows = 1_000;

/** All that match, by user and machine, fetched a thousand at a time: for exports, which may be long. */
export async function* eachOfReport(db: Db, filter: ReportFilter, nowMs: number): AsyncGenerator<ReportRow> {
  let after = { lookAlike: "", machineId: "" };
  for (;;) {
    const { lookAlike, machineId } = after;
    const rows = await narrowed(db, filter, nowMs)
      .select([...columns, "users.lookAlike"])
      // Where to begin reading, and what of the first name has been read.
      .where("users.lookAlike", ">=", lookAlike)
      .where((expression) =>
        expression.or([
          expression("users.lookAlike", ">", lookAlike),
          expression("enrolments.machineId", ">", machineId),
        ]),
      )
      .orderBy("users.lookAlike")
      .orderBy("enrolments.machineId")
      .limit(stepRows)
      .execute();
    for (const row of rows) yield reportRow(row, nowMs);
    const last = rows.at(-1);
    if (last === undefined || rows.length < stepRows) return;
    after = { lookAlike: last.lookAlike, machineId: last.machineId };
  }
}

const columns = [
  "enrolments.userId",
  "users.name as user",
  "enrolments.machineId",
  "machines.hostname",
  "enrolments.enrolledAtMs",
  "enrolments.lastSyncedAtMs",
  "enrolments.leaseExpiresAtMs",
  "enrolments.leaseSignIns",
  "enrolments.signInsUsed",
] as const;

const columnOf = {
  user: "users.lookAlike",
  host: "machines.hostname",
  enrolled: "enrolments.enrolledAtMs",
  synced: "enrolments.lastSyncedAtMs",
  expires: "enrolments.leaseExpiresAtMs",
} as const satisfies Record<ReportSort, string>;

async function totalOf(db: Db, filter: ReportFilter, nowMs: number): Promise<number> {
  const counted = await bare(db, filter, nowMs)
    .select((expression) => expression.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return Number(counted.total);
}

function narrowed(db: Db, filter: ReportFilter, nowMs: number) {
  return bare(db, filter, nowMs)
    .innerJoin("users", "users.id", "enrolments.userId")
    .innerJoin("machines", "machines.id", "enrolments.machineId");
}

/** Names are looked for where they stand, once, and not in the row of every enrolment. */
function bare(db: Db, { search, state, userId, machineId }: ReportFilter, nowMs: number) {
  return db
    .selectFrom("enrolments")
    .where("enrolments.endedAtMs", "is", null)
    .$if(search !== "", (some) =>
      some.where((expression) =>
        expression.or([
          expression(
            "enrolments.userId",
            "in",
            expression.selectFrom("users").select("id").where(containing("lookAlike", search)),
          ),
          expression(
            "enrolments.machineId",
            "in",
            expression
              .selectFrom("machines")
              .select("id")
              .where("removedAtMs", "is", null)
              .where(containing("hostname", search)),
          ),
        ]),
      ),
    )
    .$if(userId !== undefined, (some) => some.where("enrolments.userId", "=", userId ?? ""))
    .$if(machineId !== undefined, (some) => some.where("enrolments.machineId", "=", machineId ?? ""))
    .$if(state === "expired", (some) => some.where("enrolments.leaseExpiresAtMs", "<=", nowMs))
    .$if(state === "expiring", (some) =>
      some
        .where("enrolments.leaseExpiresAtMs", ">", nowMs)
        .where("enrolments.leaseExpiresAtMs", "<=", nowMs + expiringWithinMs),
    )
    .$if(state === "unsynced", (some) =>
      some.where("enrolments.lastSyncedAtMs", "<", nowMs - unsyncedAfterMs),
    );
}

function reportRow(
  row: Omit<ReportRow, "daysLeft" | "signInsLeft"> & {
    readonly leaseSignIns: number | null;
    readonly signInsUsed: number;
  },
  nowMs: number,
): ReportRow {
  const { leaseSignIns, signInsUsed, ...rest } = row;
  return {
    userId: rest.userId,
    user: rest.user,
    machineId: rest.machineId,
    hostname: rest.hostname,
    enrolledAtMs: rest.enrolledAtMs,
    lastSyncedAtMs: rest.lastSyncedAtMs,
    leaseExpiresAtMs: rest.leaseExpiresAtMs,
    daysLeft: Math.max(0, Math.ceil((rest.leaseExpiresAtMs - nowMs) / dayMs)),
    signInsLeft: leaseSignIns === null ? null : Math.max(0, leaseSignIns - signInsUsed),
  };
}
