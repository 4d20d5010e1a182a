// Revocations: signed once, kept, and sent at every contact until the machine reports them as carried out.

import { type SignedDocument, signAgain, signDocument } from "../../protocol/crypto/signed-document.ts";
import type { Revocation } from "../../protocol/sync/documents.ts";
import { statement } from "../store/statement.ts";
import type { Tx } from "../store/store.ts";
import { nextSerial } from "./machines.ts";

/** Its serial. */
export async function issueRevocation(
  tx: Tx,
  signingKey: Uint8Array,
  machineId: string,
  target: Revocation["target"],
  nowMs: number,
): Promise<number> {
  const serial = await nextSerial(tx, machineId);
  const revocation: Revocation = { serial, machine: machineId, issuedAtMs: nowMs, target };
  const userName = target.scope === "user" ? target.user : null;
  const document = signDocument("revocation", revocation, signingKey);
  await tx
    .insertInto("revocations")
    .values({ machineId, serial, userName, ...document, createdAtMs: nowMs })
    .execute();
  return serial;
}

/**
 * All with a serial above what this very request reports, the oldest first, at most the 1,000 that fit into one answer.
 * What the machine reported earlier does not count: one restored from a backup is told again.
 * Signed anew: one that has waited for longer than a key of the server holds as well.
 */
export async function pendingRevocations(
  tx: Tx,
  signingKey: Uint8Array,
  machineId: string,
  revokedThrough: number,
): Promise<SignedDocument[]> {
  const rows = await pending.rows(tx, machineId, revokedThrough);
  return rows.map((document) => signAgain("revocation", document, signingKey));
}

const pending = statement((db, machineId: string, revokedThrough: number) =>
  db
    .selectFrom("revocations")
    .select(["payload", "signature"])
    .where("machineId", "=", machineId)
    .where("serial", ">", revokedThrough)
    .orderBy("serial")
    .limit(1_000),
);

/** Whether the machine has yet to carry out one for this user. */
export async function isRevocationPending(
  tx: Tx,
  machineId: string,
  userName: string,
  revokedThrough: number,
): Promise<boolean> {
  const row = await tx
    .selectFrom("revocations")
    .select("serial")
    .where("machineId", "=", machineId)
    .where("userName", "=", userName)
    .where("serial", ">", revokedThrough)
    .executeTakeFirst();
  return row !== undefined;
}
