// The machine's secret sealed by the machine's TPM 2.0, with a counter in the TPM that the disk's past can't turn back.
//
// What is erased is gone from the disk and has lost its counter, so that no agent takes it any more; a copy of the file
// that was made before can still be unsealed by other software on this same machine: the accepted risk.
//
// Two files: `machine.tpm2` is the sealed secret, and `machine.tpm2.pending` names an NV index that belongs to no secret:
// not yet while one is made, not any more while one is erased. It is written first and removed last, so that a crash
// at any point leaves nothing in the TPM that the next create or erase doesn't know to be ours.

import type { Libc } from "../../platform/libc.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { Secret } from "../../words/secret.ts";
import { StateDamaged } from "../state/failures.ts";
import { machineSecretBytes } from "../state/keys.ts";
import type { GenerationCounter, Protector } from "../state/protector.ts";
import { eraseFile, isThere, moveFile, readSealedFile, writeNewFile } from "./sealed-file.ts";
import { malformed, TPM_RC, TpmError } from "./tpm/failures.ts";
import { uint32 } from "./tpm/marshal.ts";
import {
  type CounterIndex,
  counterState,
  defineCounter,
  freeHandle,
  incrementCounter,
  labelBytes,
  readCounter,
  undefineCounter,
} from "./tpm/nv-counter.ts";
import { indexBytes, readIndex, readRecord, recordBytes, type TpmRecord } from "./tpm/record.ts";
import { seal, unseal } from "./tpm/sealed-object.ts";
import { type StorageKey, withStorageKey } from "./tpm/storage-key.ts";
import { Tpm } from "./tpm/tpm.ts";
import { tpmTransport } from "./tpm/transport.ts";

export interface Tpm2Parts {
  /** Where the sealed secret lies: `machine.tpm2` in the state folder. */
  readonly path: string;
  /** A device file, or `swtpm:` and the path of a Unix socket. */
  readonly device: string;
  readonly libc: Libc;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long the agent may stand still for the TPM, all commands of one call taken together. */
const withinMs = { counter: 2_000, load: 3_000, erase: 2_000, create: 10_000 } as const;

export interface Tpm2Protector extends Protector {
  readonly counter: GenerationCounter;
  /** Seals something and unseals it again. Why this TPM won't do; undefined when it does. */
  unavailable(): string | undefined;
}

export function tpm2Protector({ path, device, libc, clock, random }: Tpm2Parts): Tpm2Protector {
  const transport = tpmTransport(device, libc, clock);
  const pending = `${path}.pending`;
  /** Of the secret that was loaded or made, so that what the file says later counts for nothing. */
  let counterIndex: CounterIndex | undefined;

  function withTpm<T>(ms: number, use: (tpm: Tpm) => T): T {
    const tpm = new Tpm(transport, clock, ms);
    try {
      return use(tpm);
    } finally {
      tpm.end();
    }
  }

  /** Removes the index that was left over, if it is still ours. A file that names none is of a crash before there was one. */
  function clearPending(tpm: Tpm): void {
    const index = indexIn(pending);
    if (index !== undefined) undefineCounter(tpm, index);
    eraseFile(pending);
  }

  /** Before the secret goes, what it leaves in the TPM is written down. On a full disk the secret goes all the same. */
  function keepIndex(index: CounterIndex): void {
    try {
      eraseFile(pending);
      writeNewFile(pending, indexBytes(index));
    } catch {
      // Then a crash from here on leaves an index of 8 bytes in the TPM that nobody will remove: the accepted risk.
    }
  }

  function load(): Secret<Uint8Array> | undefined {
    const bytes = readSealedFile(path);
    if (bytes === undefined) return undefined;
    const record = readRecord(bytes);
    if (record === undefined)
      throw new StateDamaged("machine.tpm2 was cut off, altered, or written by another version");
    try {
      const secret = withTpm(withinMs.load, (tpm) => unsealed(tpm, record, random));
      counterIndex = record.index;
      return secret;
    } catch (error) {
      throw error instanceof TpmError ? new StateDamaged(advice(error), error) : error;
    }
  }

  function countedBy(): CounterIndex {
    if (counterIndex === undefined && load() === undefined)
      throw new Error("there is no secret, and no counter");
    if (counterIndex === undefined) throw new Error("the secret has no counter");
    return counterIndex;
  }

  return {
    name: "tpm2",
    defends:
      "a copied disk stays closed without this machine's TPM, and an old copy put back is seen by the TPM's counter; whoever has the whole machine can start another system on it and use its TPM (not bound to PCRs: encrypt the disk)",
    load,
    create(secret) {
      if (isThere(path)) throw new Error("there is a machine secret already");
      withTpm(withinMs.create, (tpm) => {
        clearPending(tpm);
        const index = { handle: freeHandle(tpm), label: random.bytes(labelBytes) };
        const record = withStorageKey(tpm, (key) => ({
          index,
          parent: key.name,
          sealed: secret.use((bytes) => seal(tpm, key, random, bound(bytes, index))),
        }));
        writeNewFile(pending, recordBytes(record));
        defineOurs(tpm, index);
        moveFile(pending, path);
        counterIndex = index;
      });
    },
    erase() {
      counterIndex = undefined;
      if (!isThere(path) && !isThere(pending)) return;
      const index = indexIn(path);
      if (index !== undefined) keepIndex(index);
      eraseFile(path);
      try {
        withTpm(withinMs.erase, (tpm) => {
          if (index !== undefined) undefineCounter(tpm, index);
          clearPending(tpm);
        });
      } catch (error) {
        // The secret can't be read any more, which is what counts. The index is removed by the next create or erase.
        if (!(error instanceof TpmError)) throw error;
      }
    },
    counter: {
      read: () => {
        const index = countedBy();
        return withTpm(withinMs.counter, (tpm) => readCounter(tpm, index));
      },
      increment: () => {
        const index = countedBy();
        return withTpm(withinMs.counter, (tpm) => {
          incrementCounter(tpm, index);
          return readCounter(tpm, index);
        });
      },
    },
    unavailable() {
      try {
        withTpm(withinMs.create, (tpm) => {
          const sample = random.bytes(machineSecretBytes);
          const back = withStorageKey(tpm, (key) => unseal(tpm, key, random, seal(tpm, key, random, sample)));
          if (Buffer.compare(sample, back) !== 0)
            throw malformed("it unseals something else than was sealed");
          freeHandle(tpm);
        });
        return undefined;
      } catch (error) {
        if (!(error instanceof TpmError)) throw error;
        return error.failure === "auth-required" ? ownerPassword : error.message;
      }
    },
  };
}

function defineOurs(tpm: Tpm, index: CounterIndex): void {
  try {
    defineCounter(tpm, index);
  } catch (error) {
    if (!(error instanceof TpmError) || error.response !== TPM_RC.NV_SPACE) throw error;
    throw new TpmError(
      "other",
      "the TPM has no room for a counter: remove an NV index that nobody needs (tpm2_nvundefine), or choose another [machine] protector",
      error.response,
      error,
    );
  }
}

/** What is sealed names its counter, so that the file can't lead to another one whose past suits a thief. */
function bound(secret: Uint8Array, { handle, label }: CounterIndex): Uint8Array {
  return Buffer.concat([secret, uint32(handle), label]);
}

function unsealed(tpm: Tpm, record: TpmRecord, random: Random): Secret<Uint8Array> {
  const data = withStorageKey(tpm, (key) => {
    if (!isNamed(key, record.parent)) throw new StateDamaged(otherTpm);
    return unseal(tpm, key, random, record.sealed);
  });
  const secret = data.subarray(0, machineSecretBytes);
  if (Buffer.compare(data, bound(secret, record.index)) !== 0)
    throw new StateDamaged("machine.tpm2 was altered: it names another counter than its secret; join again");
  const state = counterState(tpm, record.index);
  if (state !== "ours")
    throw new StateDamaged(
      `the TPM's counter of this machine ${state === "gone" ? "is gone" : "was made anew"}: somebody removed it; join again`,
    );
  return new Secret<Uint8Array>(Uint8Array.from(secret));
}

function isNamed({ name }: StorageKey, expected: Uint8Array): boolean {
  return Buffer.compare(name, expected) === 0;
}

const otherTpm =
  "the secret was sealed by another TPM, or this one was cleared since: put the disk back into its machine, or join again";

const ownerPassword = "the TPM's owner hierarchy has a password or is disabled";

/** What an administrator can do about it. */
function advice(error: TpmError): string {
  switch (error.failure) {
    case "absent":
      return `${error.message}; nothing is lost if it comes back, else join again`;
    case "silent":
    case "busy":
      return `${error.message}: it is asked again at the next sign-in; switching the machine off and on may help, else join again`;
    case "not-here":
      return otherTpm;
    case "auth-required":
      return `${ownerPassword}: take that back, or join again`;
    case "other":
      return `${error.message}; if it stays so, join again`;
  }
}

/** As far as it can be told: a file that is not ours to read names no index that is ours to remove. */
function indexIn(path: string): CounterIndex | undefined {
  try {
    const bytes = readSealedFile(path);
    return bytes && readIndex(bytes);
  } catch (error) {
    if (error instanceof StateDamaged) return undefined;
    throw error;
  }
}
