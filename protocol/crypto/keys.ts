// Keys and what is derived from them. Labels are ASCII; lengths are fixed, so that no two inputs meet in one encoding.

import { toBase32 } from "../../words/base32.ts";
import { theSodium } from "./sodium.ts";

export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

/** Ed25519 to sign, X25519 to open what is sealed. */
export interface Identity {
  readonly signing: KeyPair;
  readonly box: KeyPair;
}

export interface PublicIdentity {
  readonly signingKey: Uint8Array;
  readonly boxKey: Uint8Array;
}

/** What an identity is made of: 32 secret bytes for each pair. */
export interface IdentitySeeds {
  readonly signing: Uint8Array;
  readonly box: Uint8Array;
}

/** Both key pairs out of 32 secret bytes, by `crypto_kdf` under the context `nl-ident`. */
export function deriveIdentity(root: Uint8Array): Identity {
  const { signing, box } = identitySeeds(root);
  return { signing: signingPair(signing), box: boxPair(box) };
}

export function identitySeeds(root: Uint8Array): IdentitySeeds {
  const sodium = theSodium();
  return {
    signing: sodium.crypto_kdf_derive_from_key(32, 1, "nl-ident", root),
    box: sodium.crypto_kdf_derive_from_key(32, 2, "nl-ident", root),
  };
}

export function signingPair(seed: Uint8Array): KeyPair {
  const { publicKey, privateKey } = theSodium().crypto_sign_seed_keypair(seed);
  return { publicKey, privateKey };
}

/** Ed25519 private keys, as libsodium has them, end with the public one. */
export function publicHalf(privateSigningKey: Uint8Array): Uint8Array {
  return privateSigningKey.slice(32);
}

export function boxPair(seed: Uint8Array): KeyPair {
  const { publicKey, privateKey } = theSodium().crypto_box_seed_keypair(seed);
  return { publicKey, privateKey };
}

export function publicIdentity(identity: Identity): PublicIdentity {
  return { signingKey: identity.signing.publicKey, boxKey: identity.box.publicKey };
}

/** 32 characters of base32 (160 bits): BLAKE2b over a label and both public keys. */
export function machineId(machine: PublicIdentity): string {
  return toBase32(hash(20, "nightlatch/machine/1", machine.signingKey, machine.boxKey));
}

/** 16 bytes that stand for a server's identity in a join token. */
export function serverFingerprint(server: PublicIdentity): Uint8Array {
  return hash(16, "nightlatch/server/1", server.signingKey, server.boxKey);
}

/** BLAKE2b of a label, a zero byte and the parts; parts but the last must have fixed lengths. */
export function hash(length: number, label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return theSodium().crypto_generichash(
    length,
    Buffer.concat([Buffer.from(`${label}\0`, "ascii"), ...parts]),
    null,
  );
}

/** By the new signing key: whoever replaces a machine's keys has the new ones. Signed over the old one too, and the name. */
export function rotationProof(machine: string, oldSigningKey: Uint8Array, identity: Identity): Uint8Array {
  return theSodium().crypto_sign_detached(
    rotationBytes(machine, oldSigningKey, publicIdentity(identity)),
    identity.signing.privateKey,
  );
}

export function isRotationProven(
  machine: string,
  oldSigningKey: Uint8Array,
  keys: PublicIdentity,
  proof: Uint8Array,
): boolean {
  const signed = rotationBytes(machine, oldSigningKey, keys);
  return theSodium().crypto_sign_verify_detached(proof, signed, keys.signingKey);
}

/** Machine ids have 32 characters, keys 32 bytes. */
function rotationBytes(machine: string, oldSigningKey: Uint8Array, keys: PublicIdentity): Uint8Array {
  const label = Buffer.from(`nightlatch/rotate/1\0${machine}`, "ascii");
  return Buffer.concat([label, oldSigningKey, keys.signingKey, keys.boxKey]);
}
