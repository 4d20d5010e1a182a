// The gate that every signed request of a joined machine passes, in the transaction that carries it out.

import { record, serverEntry } from "../audit/audit.ts";
import { statement } from "../store/statement.ts";
import type { Tx } from "../store/store.ts";
import { takeKeys } from "./machine-keys.ts";
import { findMachine, flagMachine, type Machine, neverSince, serialAbove } from "./machines.ts";
import { afterRequest, whatIsRepeated, withOvertaken } from "./recent-requests.ts";

export type Acceptance =
  | { readonly kind: "accepted"; readonly machine: Machine }
  | { readonly kind: "revoked"; readonly machine: Machine }
  | { readonly kind: "sequence-conflict" }
  | { readonly kind: "unknown" };

/** Who has signed a request, and which one it is. */
export interface Signed {
  /** The key whose signature has been verified: the machine's own, or its next one, which is its own from now on. */
  readonly by: string;
  readonly print: string;
}

/**
 * Raises the machine's sequence, or refuses. A sequence that does not rise is a replay or a clone of the machine, and flagged,
 * unless it is such as a line that breaks or holds up makes of a healthy machine's requests. The sequence is what makes a
 * request fresh; its time is not, since a machine whose clock is wrong must be able to sync.
 */
export async function acceptRequest(
  tx: Tx,
  machineId: string,
  request: { readonly sequence: number; readonly revokedThrough: number },
  signed: Signed,
  serverKey: Uint8Array,
  nowMs: number,
): Promise<Acceptance> {
  const known = await findMachine(tx, machineId);
  if (known === undefined) return { kind: "unknown" };
  const { sequence, revokedThrough } = request;
  if (sequence <= known.sequence) {
    const what = whatIsRepeated(known.recentRequests, known.sequence, sequence, signed.print);
    if (what === "taken")
      await flagMachine(tx, known, "sequence-conflict", nowMs, { sequence, expectedAbove: known.sequence });
    // Once: whoever comes with another request under this number is somebody else.
    if (what === "overtaken") await keepRequest(tx, known, sequence, signed.print);
    return { kind: "sequence-conflict" };
  }
  const machine =
    known.signingKey === signed.by ? known : await takeKeys(tx, serverKey, known, signed.by, nowMs);
  if (machine === undefined) return { kind: "unknown" };
  if (revokedThrough < machine.revokedThrough)
    await flagMachine(tx, machine, "state-restored", nowMs, {
      revokedThrough,
      reportedBefore: machine.revokedThrough,
    });
  const raised = {
    sequence,
    recentRequests: afterRequest(machine.recentRequests, sequence, signed.print),
    lastSeenAtMs: nowMs,
    revokedThrough: Math.max(machine.revokedThrough, revokedThrough),
    serial: serialAbove(machine.serial, [revokedThrough]),
  };
  await keepRaised.send(
    tx,
    machineId,
    raised.sequence,
    raised.recentRequests,
    raised.lastSeenAtMs,
    raised.revokedThrough,
    raised.serial,
  );
  // Once: nothing else tells an admin that it is still about.
  if (machine.removedAtMs !== null && machine.lastSeenAtMs === neverSince)
    await record(tx, serverEntry(nowMs, "removed-machine-heard", { machine: machineId }));
  const accepted = { ...machine, ...raised };
  return { kind: machine.revokedAtMs === null ? "accepted" : "revoked", machine: accepted };
}

const keepRaised = statement(
  (
    db,
    id: string,
    sequence: number,
    recentRequests: string,
    lastSeenAtMs: number,
    revokedThrough: number,
    serial: number,
  ) =>
    db
      .updateTable("machines")
      .set({ sequence, recentRequests, lastSeenAtMs, revokedThrough, serial })
      .where("id", "=", id),
);

async function keepRequest(tx: Tx, machine: Machine, sequence: number, print: string): Promise<void> {
  await tx
    .updateTable("machines")
    .set({ recentRequests: withOvertaken(machine.recentRequests, sequence, print) })
    .where("id", "=", machine.id)
    .execute();
}
