// The gate that every signed request of a joined machine passes, in the transaction that carries it out.

import type { Tx } from "../store/store.ts";
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
  nowMs: number,
): Promise<Acceptance> {
  const machine = await findMachine(tx, machineId);
  if (machine === undefined) return { kind: "unknown" };
  const { sequence, revokedThrough } = request;
  if (sequence <= machine.sequence) {
    await flagMachine(tx, machine, "sequence-conflict", nowMs, { sequence, expectedAbove: machine.sequence });
    return { kind: "sequence-conflict" };
  }
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
