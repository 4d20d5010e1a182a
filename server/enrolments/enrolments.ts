// Users on machines, allowed to sign in there offline.

import type { Lease } from "../../protocol/sync/documents.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { issueRevocation } from "../machines/revocations.ts";
import { send } from "../store/send.ts";
import { statement } from "../store/statement.ts";
import type { Db, Tx } from "../store/store.ts";
import type { EnrolmentTable } from "../store/tables.ts";
import type { User } from "../users/users.ts";

export type Enrolment = Readonly<EnrolmentTable>;

/** The user's, also when it has ended: what a machine says it spent counts then, too. */
export async function enrolmentEver(
  db: Db,
  machineId: string,
  userId: string,
): Promise<Enrolment | undefined> {
  return ofUserOnMachine.first(db, machineId, userId);
}

const ofUserOnMachine = statement((db, machineId: string, userId: string) =>
  db.selectFrom("enrolments").selectAll().where("machineId", "=", machineId).where("userId", "=", userId),
);

/**
 * Begun or renewed: a new lease starts its count of sign-ins anew. The unlock key stays when one is renewed: a machine that
 * never got the answer, and is out of reach since, still has the same one as the server.
 */
export function withLease(
  place: { readonly machineId: string; readonly userId: string },
  before: Enrolment | undefined,
  lease: Lease,
  freshUnlockKey: () => string,
  nowMs: number,
): Enrolment {
  const active = before !== undefined && before.endedAtMs === null;
  return {
    ...place,
    enrolledAtMs: active ? before.enrolledAtMs : nowMs,
    lastSyncedAtMs: nowMs,
    endedAtMs: null,
    leaseId: lease.id,
    leaseStartedAtMs: lease.startedAtMs,
    leaseExpiresAtMs: lease.expiresAtMs,
    leaseSignIns: lease.signIns,
    signInsUsed: 0,
    bundleSerial: before?.bundleSerial ?? 0,
    bundleDigest: "",
    bundleSpent: "[]",
    sealedUnlockKey: active ? before.sealedUnlockKey : freshUnlockKey(),
  };
}

/** In the place of `before`, as it was read in this transaction. */
export async function keepEnrolment(
  tx: Tx,
  user: User,
  before: Enrolment | undefined,
  row: Enrolment,
  nowMs: number,
): Promise<void> {
  const { machineId, userId, ...changing } = row;
  await send(
    tx,
    before === undefined
      ? tx.insertInto("enrolments").values(row)
      : tx
          .updateTable("enrolments")
          .set(changing)
          .where("machineId", "=", machineId)
          .where("userId", "=", userId),
  );
  if (before === undefined || before.endedAtMs !== null)
    await record(tx, serverEntry(nowMs, "enrolled", { user: user.name, machine: row.machineId }));
}

export function leaseOf(enrolment: Enrolment): Lease {
  return {
    id: enrolment.leaseId,
    startedAtMs: enrolment.leaseStartedAtMs,
    expiresAtMs: enrolment.leaseExpiresAtMs,
    signIns: enrolment.leaseSignIns,
  };
}

export type EndReason =
  | "admin"
  | "user"
  | "user-disabled"
  | "user-removed"
  | "user-renamed"
  | "offline-not-possible"
  | "machine-revoked";

/** Ends one enrolment and tells the machine to erase it; false when there was none. */
export async function endEnrolment(
  tx: Tx,
  signingKey: Uint8Array,
  machineId: string,
  user: { readonly id: string; readonly name: string },
  reason: EndReason,
  nowMs: number,
): Promise<boolean> {
  if (!(await markEnded(tx, machineId, user, reason, nowMs))) return false;
  await issueRevocation(tx, signingKey, machineId, { scope: "user", user: user.name }, nowMs);
  return true;
}

/** The user's on every machine, as when the user is disabled. Returns how many ended. */
export async function endAllOfUser(
  tx: Tx,
  signingKey: Uint8Array,
  user: { readonly id: string; readonly name: string },
  reason: EndReason,
  nowMs: number,
): Promise<number> {
  const active = await tx
    .selectFrom("enrolments")
    .select("machineId")
    .where("userId", "=", user.id)
    .where("endedAtMs", "is", null)
    .execute();
  for (const { machineId } of active) await endEnrolment(tx, signingKey, machineId, user, reason, nowMs);
  return active.length;
}

/** Everybody's there, as when the machine is revoked, which it is told by other means. */
export async function endAllOnMachine(tx: Tx, machineId: string, nowMs: number): Promise<void> {
  const enrolled = await tx
    .selectFrom("enrolments")
    .innerJoin("users", "users.id", "enrolments.userId")
    .select(["users.id", "users.name"])
    .where("enrolments.machineId", "=", machineId)
    .where("enrolments.endedAtMs", "is", null)
    .orderBy("users.name")
    .execute();
  for (const user of enrolled) await markEnded(tx, machineId, user, "machine-revoked", nowMs);
}

/** Ends it without telling the machine, which knows already. */
export async function markEnded(
  tx: Tx,
  machineId: string,
  user: { readonly id: string; readonly name: string },
  reason: EndReason | "machine-forgot",
  nowMs: number,
): Promise<boolean> {
  const done = await tx
    .updateTable("enrolments")
    .set({ endedAtMs: nowMs })
    .where("machineId", "=", machineId)
    .where("userId", "=", user.id)
    .where("endedAtMs", "is", null)
    .executeTakeFirst();
  if (done.numUpdatedRows === 0n) return false;
  await record(
    tx,
    serverEntry(nowMs, "enrolment-ended", { user: user.name, machine: machineId }, { reason }),
  );
  return true;
}

export interface ListedEnrolment {
  readonly user: string;
  readonly machine: string;
  readonly hostname: string;
  readonly enrolledAtMs: number;
  readonly lastSyncedAtMs: number;
  readonly leaseExpiresAtMs: number;
  /** Null: not limited by number. As of the machine's last sync. */
  readonly signInsLeft: number | null;
}

/** Those that have not ended, by user and host name. */
export async function listEnrolments(
  db: Db,
  filter: { readonly userId?: string | undefined; readonly machineId?: string | undefined },
): Promise<ListedEnrolment[]> {
  let query = db
    .selectFrom("enrolments")
    .innerJoin("users", "users.id", "enrolments.userId")
    .innerJoin("machines", "machines.id", "enrolments.machineId")
    .where("enrolments.endedAtMs", "is", null)
    .orderBy("users.name")
    .orderBy("machines.hostname")
    .orderBy("machines.id")
    .select([
      "users.name as user",
      "machines.id as machine",
      "machines.hostname",
      "enrolments.enrolledAtMs",
      "enrolments.lastSyncedAtMs",
      "enrolments.leaseExpiresAtMs",
      "enrolments.leaseSignIns",
      "enrolments.signInsUsed",
    ]);
  if (filter.userId !== undefined) query = query.where("enrolments.userId", "=", filter.userId);
  if (filter.machineId !== undefined) query = query.where("enrolments.machineId", "=", filter.machineId);
  return (await query.execute()).map(({ leaseSignIns, signInsUsed, ...row }) => ({
    ...row,
    signInsLeft: leaseSignIns === null ? null : Math.max(0, leaseSignIns - signInsUsed),
  }));
}
