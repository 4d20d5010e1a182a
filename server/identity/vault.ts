// Secrets at rest. Sealed content = version (1 byte) · suite (1) · nonce (24, random) · XChaCha20-Poly1305, in base64;
// table and row are associated data, so that no row can stand in for another.

import { theSodium } from "../../protocol/crypto/sodium.ts";
import type { Random } from "../../words/random.ts";

const version = 1;
const suite = 1;
const nonceBytes = 24;

export interface RowName {
  /** A new one needs its place in `sealedRows` as well: what can't be sealed anew can't be kept. */
  readonly table:
    | "authenticators"
    | "join_tokens"
    | "enrolments"
    | "offline_roots"
    | "accounts"
    | "setup_links"
    | "messages"
    | "settings"
    | "pending_authenticators"
    | "pins"
    | "import_pins"
    | "server_keys"
    | "server_secrets";
  readonly id: string;
}

/** The newest key first; a second one only while the first takes its place. */
export interface SealingKeys {
  /** Learns of keys that another process has put in place. */
  follow(): void;
  all(): readonly Uint8Array[];
}

export class Vault {
  readonly #keys: SealingKeys;
  readonly #digesting: () => Uint8Array;
  readonly #random: Random;

  constructor(keys: SealingKeys, digesting: () => Uint8Array, random: Random) {
    this.#keys = keys;
    this.#digesting = digesting;
    this.#random = random;
  }

  seal(row: RowName, content: Uint8Array): string {
    this.#keys.follow();
    const [key] = this.#keys.all();
    if (key === undefined) throw new Error("there is no key to seal with");
    const nonce = this.#random.bytes(nonceBytes);
    const sealed = theSodium().crypto_aead_xchacha20poly1305_ietf_encrypt(
      content,
      associated(row),
      null,
      nonce,
      key,
    );
    return Buffer.concat([Uint8Array.of(version, suite), nonce, sealed]).toString("base64");
  }

  /** @throws Error when the content was altered or belongs to another row. Damaged is never taken for absent. */
  open(row: RowName, sealed: string): Uint8Array {
    const opened = this.#open(row, sealed, this.#keys.all()) ?? this.#openWithNewer(row, sealed);
    if (opened === undefined) throw damaged(row);
    return opened;
  }

  /** Sealed under the newest key; undefined for what already is. @throws Error when it does not open */
  reseal(row: RowName, sealed: string): string | undefined {
    this.#keys.follow();
    if (this.#open(row, sealed, this.#keys.all().slice(0, 1)) !== undefined) return undefined;
    return this.seal(row, this.open(row, sealed));
  }

  #openWithNewer(row: RowName, sealed: string): Uint8Array | undefined {
    this.#keys.follow();
    return this.#open(row, sealed, this.#keys.all());
  }

  #open(row: RowName, sealed: string, keys: readonly Uint8Array[]): Uint8Array | undefined {
    const bytes = Buffer.from(sealed, "base64");
    if (bytes[0] !== version || bytes[1] !== suite) return undefined;
    for (const key of keys) {
      try {
        return theSodium().crypto_aead_xchacha20poly1305_ietf_decrypt(
          null,
          bytes.subarray(2 + nonceBytes),
          associated(row),
          bytes.subarray(2, 2 + nonceBytes),
          key,
        );
      } catch {
        // Another key's, or damaged: told apart by whether any key opens it.
      }
    }
    return undefined;
  }

  /** Tells whether secret content has changed, without saying anything about it: keyed BLAKE2b, 32 bytes in base64. */
  digest(content: unknown): string {
    const text = Buffer.from(JSON.stringify(content), "utf8");
    return theSodium().crypto_generichash(32, text, this.#digesting()).toBase64();
  }
}

function associated(row: RowName): Uint8Array {
  return Buffer.from(`nightlatch/server-record/1\0${row.table}\0${row.id}`, "utf8");
}

function damaged(row: RowName): Error {
  return new Error(`a sealed record of ${row.table} does not open`);
}
