// machine.tpm2: what the disk keeps of a secret that the TPM holds. None of it is secret, all of it is checked.

import * as v from "valibot";
import { type CounterIndex, isOwnerIndex, labelBytes } from "./nv-counter.ts";
import type { SealedObject } from "./sealed-object.ts";

export interface TpmRecord {
  readonly index: CounterIndex;
  /** The Name of the storage key: another TPM has another, and so has this one after a TPM2_Clear. */
  readonly parent: Uint8Array;
  readonly sealed: SealedObject;
}

const hex = (bytes: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`)));
const base64 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]{4,1024}={0,2}$/));
const index = v.object({
  handle: v.pipe(v.number(), v.check(isOwnerIndex)),
  label: hex(labelBytes),
});
const pendingSchema = v.object({ version: v.literal(1), index });
const recordSchema = v.strictObject({
  ...pendingSchema.entries,
  index: v.strictObject(index.entries),
  parent: hex(34),
  sealed: v.strictObject({ public: base64, private: base64 }),
});

export function recordBytes({ index, parent, sealed }: TpmRecord): Uint8Array {
  return json({
    version: 1,
    index: indexJson(index),
    parent: parent.toHex(),
    sealed: { public: sealed.publicArea.toBase64(), private: sealed.privateArea.toBase64() },
  });
}

/** Undefined for everything that `recordBytes` does not write. */
export function readRecord(bytes: Uint8Array): TpmRecord | undefined {
  const read = v.safeParse(recordSchema, parsed(bytes));
  if (!read.success) return undefined;
  const { index, parent, sealed } = read.output;
  return {
    index: { handle: index.handle, label: Buffer.from(index.label, "hex") },
    parent: Buffer.from(parent, "hex"),
    sealed: {
      publicArea: Buffer.from(sealed.public, "base64"),
      privateArea: Buffer.from(sealed.private, "base64"),
    },
  };
}

/** An index that is ours, and that belongs to no secret (yet, or any more). */
export function indexBytes(index: CounterIndex): Uint8Array {
  return json({ version: 1, index: indexJson(index) });
}

/** Of a whole record as well. */
export function readIndex(bytes: Uint8Array): CounterIndex | undefined {
  const read = v.safeParse(pendingSchema, parsed(bytes));
  if (!read.success) return undefined;
  const { handle, label } = read.output.index;
  return { handle, label: Buffer.from(label, "hex") };
}

function indexJson({ handle, label }: CounterIndex) {
  return { handle, label: label.toHex() };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`, "utf8");
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
