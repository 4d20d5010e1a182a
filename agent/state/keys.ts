import { deriveIdentity, type Identity } from "../../protocol/crypto/keys.ts";
import { theSodium } from "../../protocol/crypto/sodium.ts";
import type { Secret } from "../../words/secret.ts";

/** All keys of one machine secret: erasing the secret erases them and what they seal. */
export interface MachineKeys {
  /** Seals records. */
  readonly record: Uint8Array;
  /** Turns user names into row ids, so that the table doesn't show them. */
  readonly index: Uint8Array;
  /** Binds the set of rows and their generations into the head. */
  readonly digest: Uint8Array;
  readonly identity: Identity;
}

export const machineSecretBytes = 32;

/** `crypto_kdf` under the context `nl-state`. */
export function deriveMachineKeys(secret: Secret<Uint8Array>): MachineKeys {
  const derive = (id: number, root: Uint8Array) =>
    theSodium().crypto_kdf_derive_from_key(32, id, "nl-state", root);
  return secret.use((root) => ({
    record: derive(1, root),
    index: derive(2, root),
    digest: derive(3, root),
    identity: deriveIdentity(derive(4, root)),
  }));
}
