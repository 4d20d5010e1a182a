// The admin takes revoked machines off the lists. Their keys and numbers stay, with the word that a machine erase itself:
// whoever comes back under them, however late, is known, refused and told so.

import { record, serverEntry } from "../audit/audit.ts";
import { endAllOnMachine } from "../enrolments/enrolments.ts";
import { Failure } from "../failure.ts";
import { isoTime } from "../iso-time.ts";
import type { Store, Tx } from "../store/store.ts";
import { type Machine, machinesThere, neverSince } from "./machines.ts";
import { issueRevocation } from "./revocations.ts";

/** Requests of machines wait while a transaction writes. */
const mostAtOnce = 50;

/** What a machine has that no answer to it, nor the audit, needs any more. Its events are the audit's. */
const forgotten = [
  "enrolments",
  "dialogues",
  "unlocks",
  "challenges",
  "handOvers",
  "seedShowings",
  "machineSeeds",
  "machineTags",
] as const;

/** For good; all or none. @throws Failure for one that is in use. */
export async function removeMachines(
  tx: Tx,
  signingKey: Uint8Array,
  machines: readonly Machine[],
  nowMs: number,
): Promise<void> {
  for (const { hostname, id, revokedAtMs } of machines)
    if (revokedAtMs === null)
      throw new Failure(
        "conflict",
        `${JSON.stringify(hostname)} (${id}) is in use: revoke it first; nothing was removed`,
      );
  for (let at = 0; at < machines.length; at += mostAtOnce)
    await removeSome(tx, signingKey, machines.slice(at, at + mostAtOnce), nowMs);
}

/** Those that were revoked before this moment, some at a time: each whole, and others' writes come in between. */
export async function* removeRevokedBefore(
  store: Store,
  signingKey: Uint8Array,
  beforeMs: number,
  nowMs: number,
): AsyncGenerator<Machine> {
  for (;;) {
    const removed = await store.write(async (tx) => {
      const some = await machinesThere(tx)
        .selectAll()
        .where("revokedAtMs", "<", beforeMs)
        .orderBy("id")
        .limit(mostAtOnce)
        .execute();
      await removeMachines(tx, signingKey, some, nowMs);
      return some;
    });
    yield* removed;
    if (removed.length < mostAtOnce) return;
  }
}

async function removeSome(
  tx: Tx,
  signingKey: Uint8Array,
  machines: readonly Machine[],
  nowMs: number,
): Promise<void> {
  const ids = machines.map(({ id }) => id);
  if (ids.length === 0) return;
  const told = await tx
    .selectFrom("revocations")
    .select("machineId")
    .where("machineId", "in", ids)
    .where("userName", "is", null)
    .execute();
  const toldIds = new Set(told.map(({ machineId }) => machineId));
  for (const machine of machines) {
    await endAllOnMachine(tx, machine.id, nowMs);
    // One whose place another took before it had spoken was never sent a word.
    if (!toldIds.has(machine.id))
      await issueRevocation(tx, signingKey, machine.id, { scope: "machine" }, nowMs);
    const { id, hostname, revokedAtMs } = machine;
    const detail = { hostname, revokedAt: isoTime(revokedAtMs ?? nowMs) };
    await record(tx, serverEntry(nowMs, "machine-removed", { machine: id }, detail));
  }
  for (const table of forgotten) await tx.deleteFrom(table).where("machineId", "in", ids).execute();
  await tx
    .deleteFrom("revocations")
    .where("machineId", "in", ids)
    .where("userName", "is not", null)
    .execute();
  await tx.updateTable("machines").set(bare).set({ removedAtMs: nowMs }).where("id", "in", ids).execute();
}

/** The host name stays for whoever reads the audit; the keys, the numbers and the end of the chain of events for the answers. */
const bare = {
  platform: "",
  agentVersion: "",
  protector: "",
  joinToken: "",
  recoveredFrom: null,
  lastSeenAtMs: neverSince,
  lastSyncAtMs: null,
  exempt: 0,
  flags: "[]",
  policySerial: 0,
  policyDigest: "",
  clockTurnedBackAtMs: null,
} as const;
