// The storage root key: never stored, made anew from the TPM's owner seed each time. Clearing the TPM changes the seed.

import type { Random } from "../../../words/random.ts";
import { malformed } from "./failures.ts";
import { empty, Reader, sized, uint16, uint32 } from "./marshal.ts";
import { TPM_ALG, TPM_CC, TPM_ECC_NIST_P256, TPM_RH, TPMA_OBJECT } from "./names.ts";
import {
  type Direction,
  type EccPoint,
  hmacSession,
  noPassword,
  type Session,
  saltFor,
  sessionKey,
  sha256,
} from "./session.ts";
import { type Entity, permanent, type Tpm } from "./tpm.ts";

export interface StorageKey extends Entity {
  readonly point: EccPoint;
}

const coordinate = sized(new Uint8Array(32));
const noneOf = uint16(TPM_ALG.NULL);

/** The ECC P-256 template of the TCG's Provisioning Guidance §7.5.1, the one that other software uses too. */
const template = sized(
  uint16(TPM_ALG.ECC),
  uint16(TPM_ALG.SHA256),
  uint32(
    TPMA_OBJECT.fixedTPM |
      TPMA_OBJECT.fixedParent |
      TPMA_OBJECT.sensitiveDataOrigin |
      TPMA_OBJECT.userWithAuth |
      TPMA_OBJECT.noDA |
      TPMA_OBJECT.restricted |
      TPMA_OBJECT.decrypt,
  ),
  empty,
  uint16(TPM_ALG.AES),
  uint16(128),
  uint16(TPM_ALG.CFB),
  noneOf,
  uint16(TPM_ECC_NIST_P256),
  noneOf,
  coordinate,
  coordinate,
);

/** TPM2_CreatePrimary (Part 3 §24.1) in the owner hierarchy, which must have no password. */
export function withStorageKey<T>(tpm: Tpm, use: (key: StorageKey) => T): T {
  const { handle, parameters } = tpm.run({
    code: TPM_CC.CreatePrimary,
    handles: [permanent(TPM_RH.OWNER)],
    session: noPassword,
    parameters: [sized(empty, empty), template, empty, uint32(0)],
    makes: "handle",
  });
  return tpm.using(handle, () => {
    const area = parameters.sized();
    return use({ handle, name: nameOf(area), point: pointOf(area) });
  });
}

/** Part 1 §16: a Name is the digest of the public area, so that an object can't be taken for another. */
function nameOf(publicArea: Uint8Array): Uint8Array {
  return Buffer.concat([uint16(TPM_ALG.SHA256), sha256(publicArea)]);
}

function pointOf(publicArea: Uint8Array): EccPoint {
  const ours = new Reader(template).sized();
  const head = ours.length - 2 * coordinate.length;
  const reader = new Reader(publicArea);
  if (Buffer.compare(reader.bytes(head), ours.subarray(0, head)) !== 0)
    throw malformed("its storage key is another than was asked for");
  const point = { x: reader.sized(), y: reader.sized() };
  reader.end();
  return point;
}

const nonceBytes = 32;

/** TPM2_StartAuthSession (Part 3 §11.1), salted to the storage key. */
export function withSecretSession<T>(
  tpm: Tpm,
  key: StorageKey,
  random: Random,
  direction: Direction,
  use: (session: Session) => T,
): T {
  const salt = saltFor(key.point, random);
  const nonceCaller = random.bytes(nonceBytes);
  const { handle, parameters } = tpm.run({
    code: TPM_CC.StartAuthSession,
    handles: [key, permanent(TPM_RH.NULL)],
    parameters: [
      sized(nonceCaller),
      salt.encrypted,
      Uint8Array.of(0),
      uint16(TPM_ALG.AES),
      uint16(128),
      uint16(TPM_ALG.CFB),
      uint16(TPM_ALG.SHA256),
    ],
    makes: "handle",
  });
  return tpm.using(handle, () => {
    const nonceTpm = parameters.sized();
    const derived = sessionKey(salt, nonceTpm, nonceCaller);
    return use(hmacSession(handle, derived, nonceTpm, random.bytes(nonceBytes), direction));
  });
}
