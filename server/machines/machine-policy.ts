// What holds on a machine for users it has no bundle of, issued anew only when it says something new.

import { publicHalf } from "../../protocol/crypto/keys.ts";
import { type SignedDocument, signDocument } from "../../protocol/crypto/signed-document.ts";
import type { MachinePolicy } from "../../protocol/sync/documents.ts";
import type { Vault } from "../identity/vault.ts";
import { listPolicies, policyOfGroup, policyOfUser } from "../policies/policies.ts";
import type { Db, Tx } from "../store/store.ts";
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
  machine: Machine,
  held: number,
  nowMs: number,
): Promise<SignedDocument | null> {
  const { name, policy } = await policyOfGroup(tx, null);
  const says = {
    exempt: machine.exempt === 1,
    exemptUsers: await exemptUsers(tx),
    policy,
    policyName: name,
    syncMinutes: issuer.syncMinutes,
  };
  const policyDigest = issuer.vault.digest([says, publicHalf(issuer.signingKey).toBase64()]);
  if (machine.policyDigest === policyDigest && machine.policySerial === held) return null;
  const policySerial = await nextSerial(tx, machine.id);
  await tx.updateTable("machines").set({ policySerial, policyDigest }).where("id", "=", machine.id).execute();
  const content: MachinePolicy = {
    serial: policySerial,
    machine: machine.id,
    issuedAtMs: nowMs,
    ...says,
  };
  return signDocument("machine-policy", content, issuer.signingKey);
}

/** What fits into one document. Users beyond it are asked for a second factor: no harm but to them. */
const mostExemptUsers = 10_000;
const mostExemptBytes = 200_000;

/** Enabled users whose own policy asks for no second factor. */
async function exemptUsers(db: Db): Promise<string[]> {
  const policies = await listPolicies(db);
  if (policies.every(({ policy }) => policy.mfa === "required")) return [];
  const users = await db
    .selectFrom("users")
    .select(["id", "name"])
    .where("disabledAtMs", "is", null)
    .orderBy("name")
    .execute();
  const exempt: string[] = [];
  let bytes = 0;
  for (const user of users) {
    if ((await policyOfUser(db, user.id)).policy.mfa !== "exempt") continue;
    bytes += Buffer.byteLength(JSON.stringify(user.name), "utf8") + 1;
    if (exempt.length === mostExemptUsers || bytes > mostExemptBytes) break;
    exempt.push(user.name);
  }
  return exempt;
}
