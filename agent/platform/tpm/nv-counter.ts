// A counter in the TPM's own memory (Part 1 §37.2.3): rises by one at a time, and a new one begins above the highest
// value that any counter of this TPM ever had. So deleting it and making it again never gives an old value back.

import { malformed, TPM_RC, TpmError } from "./failures.ts";
import { empty, Reader, sized, uint16, uint32 } from "./marshal.ts";
import { TPM_ALG, TPM_CAP_HANDLES, TPM_CC, TPM_RH, TPMA_NV } from "./names.ts";
import { noPassword } from "./session.ts";
import { type Entity, permanent, type Tpm } from "./tpm.ts";

/** Which index is ours. The label is random and stands in the index as its policy digest, which no policy can meet. */
export interface CounterIndex {
  readonly handle: number;
  readonly label: Uint8Array;
}

export const labelBytes = 32;

/** Registry of Reserved TPM 2.0 Handles §2.2.2: what the owner may use; we begin somewhere within it. */
const ownerFirst = 0x01800000;
const ownerLast = 0x01bfffff;
const oursFirst = 0x01804e4c;
const mostTaken = 64;

const attributes =
  TPMA_NV.COUNTER |
  TPMA_NV.OWNERWRITE |
  TPMA_NV.AUTHWRITE |
  TPMA_NV.OWNERREAD |
  TPMA_NV.AUTHREAD |
  TPMA_NV.NO_DA;
const valueBytes = 8;

export function isOwnerIndex(handle: number): boolean {
  return Number.isInteger(handle) && handle >= ownerFirst && handle <= ownerLast;
}

/** The first handle from ours on that nobody has (TPM2_GetCapability, Part 3 §30.2). */
export function freeHandle(tpm: Tpm): number {
  const { parameters } = tpm.run({
    code: TPM_CC.GetCapability,
    parameters: [uint32(TPM_CAP_HANDLES), uint32(oursFirst), uint32(mostTaken)],
  });
  parameters.uint8();
  if (parameters.uint32() !== TPM_CAP_HANDLES) throw malformed("it tells another capability");
  const count = parameters.uint32();
  if (count > mostTaken) throw malformed("it tells more handles than were asked for");
  const taken = new Set<number>();
  for (let left = count; left > 0; left -= 1) taken.add(parameters.uint32());
  let handle = oursFirst;
  while (taken.has(handle)) handle += 1;
  if (handle - oursFirst >= mostTaken) throw new TpmError("other", "the TPM has too many NV indices");
  return handle;
}

function publicArea({ handle, label }: CounterIndex): Uint8Array {
  return Buffer.concat([
    uint32(handle),
    uint16(TPM_ALG.SHA256),
    uint32(attributes),
    sized(label),
    uint16(valueBytes),
  ]);
}

/** TPM2_NV_DefineSpace (Part 3 §31.3), and one increment: before it, a counter has no value. */
export function defineCounter(tpm: Tpm, index: CounterIndex): void {
  tpm.run({
    code: TPM_CC.NV_DefineSpace,
    handles: [permanent(TPM_RH.OWNER)],
    session: noPassword,
    parameters: [empty, sized(publicArea(index))],
  });
  incrementCounter(tpm, index);
}

/**
 * Is the index there, ours, a counter, and in use? (TPM2_NV_ReadPublic, Part 3 §31.6.) An ordinary index in its place could
 * be written to any value.
 */
export function counterState(tpm: Tpm, index: CounterIndex): "ours" | "unused" | "another" | "gone" {
  let found: Reader;
  try {
    found = tpm.run({ code: TPM_CC.NV_ReadPublic, handles: [entity(index)] }).parameters;
  } catch (error) {
    if (error instanceof TpmError && error.response === TPM_RC.HANDLE) return "gone";
    throw error;
  }
  const area = new Reader(found.sized());
  const [handle, nameAlgorithm, bits] = [area.uint32(), area.uint16(), area.uint32()];
  const [label, size] = [area.sized(), area.uint16()];
  const same =
    handle === index.handle &&
    nameAlgorithm === TPM_ALG.SHA256 &&
    (bits & ~TPMA_NV.WRITTEN) === attributes &&
    Buffer.compare(label, index.label) === 0 &&
    size === valueBytes;
  if (!same) return "another";
  return (bits & TPMA_NV.WRITTEN) === 0 ? "unused" : "ours";
}

/** TPM2_NV_Increment (Part 3 §31.8); not an ORDERLY index, so it is in the chip's memory when this returns. */
export function incrementCounter(tpm: Tpm, index: CounterIndex): void {
  tpm.run({ code: TPM_CC.NV_Increment, handles: [entity(index), entity(index)], session: noPassword });
}

/** TPM2_NV_Read (Part 3 §31.13) */
export function readCounter(tpm: Tpm, index: CounterIndex): number {
  const { parameters } = tpm.run({
    code: TPM_CC.NV_Read,
    handles: [entity(index), entity(index)],
    session: noPassword,
    parameters: [uint16(valueBytes), uint16(0)],
  });
  const value = new Reader(parameters.sized());
  const count = value.uint64();
  value.end();
  if (count > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("its counter is beyond all counting");
  return Number(count);
}

/** TPM2_NV_UndefineSpace (Part 3 §31.4); never an index that does not carry our label. */
export function undefineCounter(tpm: Tpm, index: CounterIndex): void {
  const state = counterState(tpm, index);
  if (state === "gone" || state === "another") return;
  tpm.run({
    code: TPM_CC.NV_UndefineSpace,
    handles: [permanent(TPM_RH.OWNER), entity(index)],
    session: noPassword,
  });
}

/** Passwords authorize without Names, so the handle will do. */
function entity({ handle }: CounterIndex): Entity {
  return permanent(handle);
}
