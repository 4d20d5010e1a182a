// Bytes of the TPM's wire (Part 1 §17.4: big-endian, TPM2B lengths of two bytes), both ways and bounded.

import { malformed } from "./failures.ts";

export function uint8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function uint16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** TPM2B: its length, then itself. */
export function sized(...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([uint16(content.length), content]);
}

export const empty = sized();

/** Reads what came from a TPM. Every length is checked before it is used; a wrong one is a TpmError, never a RangeError. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  bytes(count: number): Uint8Array {
    if (count > this.left) throw malformed("it ends too early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  uint8(): number {
    return this.bytes(1)[0] ?? 0;
  }

  uint16(): number {
    return Buffer.from(this.bytes(2)).readUInt16BE();
  }

  uint32(): number {
    return Buffer.from(this.bytes(4)).readUInt32BE();
  }

  uint64(): bigint {
    return Buffer.from(this.bytes(8)).readBigUInt64BE();
  }

  /** The content of a TPM2B. */
  sized(): Uint8Array {
    return this.bytes(this.uint16());
  }

  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  /** Must be called last: nothing may follow that nobody has looked at. */
  end(): void {
    if (this.left !== 0) throw malformed("it is too long");
  }
}
