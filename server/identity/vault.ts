// Secrets at rest. Sealed content = version (1 byte) · suite (1) · nonce (24, random) · XChaCha20-Poly1305, in base64;
// table and row are associated data, so that no row can stand in for another.

import { theSodium } from "../../protocol/crypto/sodium.ts";
import type { Random } from "../../words/random.ts";

const version = 1;
const suite = 1;
const nonceBytes = 24;

export interface RowName {
  readonly table:
    | "authenticators"
    | "join_tokens"
    | "enrolments"
    | "offline_roots"
    | "accounts"
    | "setup_links"
    | "messages"
    | "settings"
    | "pending_authenticators";
  readonly id: string;
}

export class Vault {
  readonly #keys: { readonly sealing: Uint8Array; readonly digesting: Uint8Array };
  readonly #random: Random;

  constructor(keys: { readonly sealing: Uint8Array; readonly digesting: Uint8Array }, random: Random) {
    this.#keys = keys;
    this.#random = random;
  }

  seal(row: RowName, content: Uint8Array): string {
    const nonce = this.#random.bytes(nonceBytes);
    const sealed = theSodium().crypto_aead_xchacha20poly1305_ietf_encrypt(
      content,
      associated(row),
      null,
      nonce,
      this.#keys.sealing,
    );
    return Buffer.concat([Uint8Array.of(version, suite), nonce, sealed]).toString("base64");
  }

  /** @throws Error when the content was altered or belongs to another row. Damaged is never taken for absent. */
  open(row: RowName, sealed: string): Uint8Array {
    const bytes = Buffer.from(sealed, "base64");
    if (bytes[0] !== version || bytes[1] !== suite) throw damaged(row);
    try {
      return theSodium().crypto_aead_xchacha20poly1305_ietf_decrypt(
        null,
        bytes.subarray(2 + nonceBytes),
        associated(row),
        bytes.subarray(2, 2 + nonceBytes),
        this.#keys.sealing,
      );
    } catch {
      throw damaged(row);
    }
  }

  /** Tells whether secret content has changed, without saying anything about it: keyed BLAKE2b, 32 bytes in base64. */
  digest(content: unknown): string {
    const text = Buffer.from(JSON.stringify(content), "utf8");
    return theSodium().crypto_generichash(32, text, this.#keys.digesting).toBase64();
  }
}

function associated(row: RowName): Uint8Array {
  return Buffer.from(`nightlatch/server-record/1\0${row.table}\0${row.id}`, "utf8");
}

function damaged(row: RowName): Error {
  return new Error(`a sealed record of ${row.table} does not open`);
}
