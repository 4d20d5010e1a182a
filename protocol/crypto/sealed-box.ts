import { theSodium } from "./sodium.ts";

/** Anyone can seal to a public box key (`crypto_box_seal`); only the holder of the private half opens it. */
export function sealTo(boxKey: Uint8Array, content: Uint8Array): Uint8Array {
  return theSodium().crypto_box_seal(content, boxKey);
}

/** Undefined when the box was sealed to another key, or altered. */
export function openSealed(
  box: { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array },
  sealed: Uint8Array,
): Uint8Array | undefined {
  try {
    return theSodium().crypto_box_seal_open(sealed, box.publicKey, box.privateKey);
  } catch {
    return undefined;
  }
}
