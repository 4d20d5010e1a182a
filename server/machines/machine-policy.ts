// What holds on a machine for users it has no bundle of, issued anew only when it says something new.

import { publicHalf } from "../../protocol/crypto/keys.ts";
import { type SignedDocument, signDocument } from "../../protocol/crypto/signed-document.ts";
import type { MachinePolicy } from "../../protocol/sync/documents.ts";
import type { Vault } from "../identity/vault.ts";
import type { PoliciesHere } from "../policies/known.ts";
import { send } from "../store/send.ts";
import type { Tx } from "../store/store.ts";
import { type Machine, nextSerial } from "./machines.ts";

export interface MachinePolicyIssuer {
  readonly signingKey: Uint8Array;
  readonly vault: Vault;
  /** Minutes between two scheduled syncs. */
  readonly syncMinutes: number;
}

/** Null when the machine holds the newest, which is the one with serial `held`. */
export async function machinePolicyIfNew(
  tx: Tx,
  issuer: MachinePolicyIssuer,
  here: Pick<PoliciesHere, "withoutBundle">,
  machine: Machine,
  held: number,
  nowMs: number,
): Promise<SignedDocument | null> {
  const { says, digest } = await here.withoutBundle();
  const besides = { exempt: machine.exempt === 1, syncMinutes: issuer.syncMinutes };
  const policyDigest = issuer.vault.digest([digest, besides, publicHalf(issuer.signingKey).toBase64()]);
  if (machine.policyDigest === policyDigest && machine.policySerial === held) return null;
  const policySerial = await nextSerial(tx, machine.id);
  await send(tx, tx.updateTable("machines").set({ policySerial, policyDigest }).where("id", "=", machine.id));
  const content: MachinePolicy = {
    serial: policySerial,
    machine: machine.id,
    issuedAtMs: nowMs,
    ...besides,
    ...says,
  };
  return signDocument("machine-policy", content, issuer.signingKey);
}
