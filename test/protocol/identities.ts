// Key pairs that are the same in every run. Importing this loads libsodium.

import { deriveIdentity, type Identity, publicIdentity } from "../../protocol/crypto/keys.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";

await loadSodium();

/** 32 bytes counting up from `first`. */
export function seed(first: number, bytes = 32): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (first + at) & 255);
}

export const machine: Identity = deriveIdentity(seed(0));
export const otherMachine: Identity = deriveIdentity(seed(1));
export const server: Identity = deriveIdentity(seed(100));
export const otherServer: Identity = deriveIdentity(seed(101));

export const publicOf = publicIdentity;

/** The same bytes but for one bit. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const other = Uint8Array.from(bytes);
  const at = (bit >> 3) % bytes.length;
  other[at] = (other[at] ?? 0) ^ (1 << (bit & 7));
  return other;
}
