// The gate that every signed request of a joined machine passes, in the transaction that carries it out.

import type { Tx } from "../store/store.ts";
import { takeKeys } from "./machine-keys.ts";
import { findMachine, flagMachine, type Machine, serialAbove } from "./machines.ts";

export type Acceptance =
  | { readonly kind: "accepted"; readonly machine: Machine }
  | { readonly kind: "revoked"; readonly machine: Machine }
  | { readonly kind: "sequence-conflict" }
  | { readonly kind: "unknown" };

/**
 * Raises the machine's sequence, or refuses: a sequence that does not rise is a replay, or a clone of the machine. The
 * sequence is what makes a request fresh; its time is not, since a machine whose clock is wrong must be able to sync.
 */
export async function acceptRequest(
  tx: Tx,
  machineId: string,
  request: { readonly sequence: number; readonly revokedThrough: number },
  /** The key whose signature has been verified: the machine's own, or its next one, which is its own from now on. */
  signedBy: string,
  serverKey: Uint8Array,
  nowMs: number,
): Promise<Acceptance> {
  const known = await findMachine(tx, machineId);
  if (known === undefined) return { kind: "unknown" };
  const { sequence, revokedThrough } = request;
  if (sequence <= known.sequence) {
    await flagMachine(tx, known, "sequence-conflict", nowMs, { sequence, expectedAbove: known.sequence });
    return { kind: "sequence-conflict" };
  }
  const machine =
    known.signingKey === signedBy ? known : await takeKeys(tx, serverKey, known, signedBy, nowMs);
  if (machine === undefined) return { kind: "unknown" };
  if (revokedThrough < machine.revokedThrough)
    await flagMachine(tx, machine, "state-restored", nowMs, {
      revokedThrough,
      reportedBefore: machine.revokedThrough,
    });
  const raised = {
    sequence,
    lastSeenAtMs: nowMs,
    revokedThrough: Math.max(machine.revokedThrough, revokedThrough),
    serial: serialAbove(machine.serial, [revokedThrough]),
  };
  await tx.updateTable("machines").set(raised).where("id", "=", machineId).execute();
  const accepted = { ...machine, ...raised };
  return { kind: machine.revokedAtMs === null ? "accepted" : "revoked", machine: accepted };
}
