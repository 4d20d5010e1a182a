// One record: version, suite, nonce, XChaCha20-Poly1305. The associated data names table, row and generation, so that a
// row opens only as itself, at its generation.

import { theSodium } from "../../protocol/crypto/sodium.ts";
import type { Random } from "../../words/random.ts";
import { StateDamaged } from "./failures.ts";

export interface RecordName {
  readonly table: string;
  readonly id: string;
  readonly generation: number;
}

const version = 1;
const suite = 1;
const nonceBytes = 24;
const headerBytes = 2 + nonceBytes;

export function sealRecord(key: Uint8Array, name: RecordName, content: unknown, random: Random): Uint8Array {
  const header = Buffer.concat([Uint8Array.of(version, suite), random.bytes(nonceBytes)]);
  const text = Buffer.from(JSON.stringify(content), "utf8");
  const sealed = theSodium().crypto_aead_xchacha20poly1305_ietf_encrypt(
    text,
    associatedData(header, name),
    null,
    header.subarray(2),
    key,
  );
  return Buffer.concat([header, sealed]);
}

/** @throws StateDamaged for anything that was not sealed as this record at this generation. */
export function openRecord(key: Uint8Array, name: RecordName, sealed: Uint8Array): unknown {
  const header = sealed.subarray(0, headerBytes);
  if (header.length !== headerBytes || header[0] !== version || header[1] !== suite)
    throw new StateDamaged(`${name.table} record of an unknown form`);
  try {
    const text = theSodium().crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      sealed.subarray(headerBytes),
      associatedData(header, name),
      header.subarray(2),
      key,
    );
    return JSON.parse(Buffer.from(text).toString("utf8"));
  } catch (error) {
    throw new StateDamaged(`${name.table} record does not open`, error);
  }
}

/** Version and suite are authenticated too. Table and id never hold a zero byte. */
function associatedData(header: Uint8Array, name: RecordName): Uint8Array {
  const generation = Buffer.alloc(8);
  generation.writeBigUInt64BE(BigInt(name.generation));
  const names = Buffer.from(`nightlatch/record/1\0${name.table}\0${name.id}\0`, "utf8");
  return Buffer.concat([names, generation, header.subarray(0, 2)]);
}
