import { sealTo } from "../../protocol/crypto/sealed-box.ts";
import type { Vault } from "../identity/vault.ts";

/** Of one machine, out of this server's own secret: nothing has to be stored. 32 bytes. */
export function recoveryKeyOf(vault: Vault, machineId: string): Uint8Array {
  return Buffer.from(vault.digest(["nightlatch/recovery-key/1", machineId]), "base64");
}

/** As it goes to the machine: sealed to its box key, in base64. */
export function sealedRecoveryKey(vault: Vault, machine: { id: string; boxKey: string }): string {
  return sealTo(Buffer.from(machine.boxKey, "base64"), recoveryKeyOf(vault, machine.id)).toBase64();
}
