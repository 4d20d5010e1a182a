import { sealTo } from "../../protocol/crypto/sealed-box.ts";
import type { Vault } from "../identity/vault.ts";

/** Of a machine under one set of its keys, out of this server's own secret: nothing has to be stored. 32 bytes. */
export function recoveryKeyOf(vault: Vault, machine: { id: string; signingKey: string }): Uint8Array {
  return Buffer.from(vault.digest(["nightlatch/recovery-key/2", machine.id, machine.signingKey]), "base64");
}

/** As it goes to the machine: sealed to its box key, in base64. */
export function sealedRecoveryKey(
  vault: Vault,
  machine: { id: string; signingKey: string; boxKey: string },
): string {
  return sealTo(Buffer.from(machine.boxKey, "base64"), recoveryKeyOf(vault, machine)).toBase64();
}
