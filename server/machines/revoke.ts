// The admin takes a machine out: it is told to erase itself at its next contact, whatever that contact is for.

import { record, serverEntry } from "../audit/audit.ts";
import { endAllOnMachine } from "../enrolments/enrolments.ts";
import type { Tx } from "../store/store.ts";
import type { Machine } from "./machines.ts";
import { issueRevocation } from "./revocations.ts";

/** False when it was revoked before. There is no way back: a revoked machine joins again with new keys. */
export async function revokeMachine(
  tx: Tx,
  signingKey: Uint8Array,
  machine: Machine,
  nowMs: number,
): Promise<boolean> {
  const done = await tx
    .updateTable("machines")
    .set({ revokedAtMs: nowMs })
    .where("id", "=", machine.id)
    .where("revokedAtMs", "is", null)
    .executeTakeFirst();
  if (done.numUpdatedRows === 0n) return false;
  await record(
    tx,
    serverEntry(nowMs, "machine-revoked", { machine: machine.id }, { hostname: machine.hostname }),
  );
  await endAllOnMachine(tx, machine.id, nowMs);
  await issueRevocation(tx, signingKey, machine.id, { scope: "machine" }, nowMs);
  return true;
}
