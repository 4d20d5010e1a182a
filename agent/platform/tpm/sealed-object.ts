// Data that only this TPM gives back: a sealed data object under the storage key (Part 1 §27.5.3). Not bound to PCRs: a
// firmware or kernel update would lock everybody out, and there is nobody to ask on a train.

import type { Random } from "../../../words/random.ts";
import { malformed } from "./failures.ts";
import { empty, sized, uint16, uint32 } from "./marshal.ts";
import { TPM_ALG, TPM_CC, TPMA_OBJECT } from "./names.ts";
import { noPassword } from "./session.ts";
import { type StorageKey, withSecretSession } from "./storage-key.ts";
import type { Tpm } from "./tpm.ts";

/** What is kept on the disk: of use to the one TPM alone. */
export interface SealedObject {
  /** TPMT_PUBLIC */
  readonly publicArea: Uint8Array;
  /** TPM2B_PRIVATE, its content */
  readonly privateArea: Uint8Array;
}

/** Part 2 §11.1.15: no TPM need take more. */
export const mostSealedBytes = 128;

/** Without a password and outside of the dictionary-attack lockout, so that nobody can lock it. */
const template = sized(
  uint16(TPM_ALG.KEYEDHASH),
  uint16(TPM_ALG.SHA256),
  uint32(TPMA_OBJECT.fixedTPM | TPMA_OBJECT.fixedParent | TPMA_OBJECT.userWithAuth | TPMA_OBJECT.noDA),
  empty,
  uint16(TPM_ALG.NULL),
  empty,
);

/** TPM2_Create (Part 3 §12.1); the data goes to the TPM encrypted. */
export function seal(tpm: Tpm, parent: StorageKey, random: Random, data: Uint8Array): SealedObject {
  if (data.length === 0 || data.length > mostSealedBytes)
    throw new RangeError("too much to seal, or nothing");
  return withSecretSession(tpm, parent, random, "secret-in", (session) => {
    const { parameters } = tpm.run({
      code: TPM_CC.Create,
      handles: [parent],
      session,
      parameters: [sized(empty, sized(data)), template, empty, uint32(0)],
    });
    return { privateArea: parameters.sized(), publicArea: parameters.sized() };
  });
}

/** TPM2_Load and TPM2_Unseal (Part 3 §12.2, §12.7); the data comes encrypted. @throws TpmError `not-here` from another TPM. */
export function unseal(tpm: Tpm, parent: StorageKey, random: Random, object: SealedObject): Uint8Array {
  const { handle, parameters } = tpm.run({
    code: TPM_CC.Load,
    handles: [parent],
    session: noPassword,
    parameters: [sized(object.privateArea), sized(object.publicArea)],
    makes: "handle",
  });
  return tpm.using(handle, () => {
    const name = parameters.sized();
    return withSecretSession(tpm, parent, random, "secret-out", (session) => {
      const answer = tpm.run({ code: TPM_CC.Unseal, handles: [{ handle, name }], session });
      const data = answer.parameters.sized();
      answer.parameters.end();
      if (data.length > mostSealedBytes) throw malformed("it unseals too much");
      return data;
    });
  });
}
