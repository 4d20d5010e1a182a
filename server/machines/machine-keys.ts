// A machine's keys besides those it has now: the next ones, which hold from the first request that is signed with them, and
// those that were replaced, whose holder is told to erase what it has.

import { type SignedDocument, signDocument } from "../../protocol/crypto/signed-document.ts";
import type { Revocation } from "../../protocol/sync/documents.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Db, Tx } from "../store/store.ts";
import { type Machine, nextSerial } from "./machines.ts";

export interface PublicKeys {
  readonly signingKey: string;
  readonly boxKey: string;
}

/** Copies of more machines than that in the past are no longer told; their requests are refused as a stranger's. */
const mostReplaced = 20;

/** Those that are to take the present ones' place; the answer that offered them may have been lost. */
export async function nextKeys(db: Db, machineId: string): Promise<PublicKeys | undefined> {
  return db
    .selectFrom("machineKeys")
    .select(["signingKey", "boxKey"])
    .where("machineId", "=", machineId)
    .where("payload", "is", null)
    .executeTakeFirst();
}

/** False for keys that this machine has, or had: what was replaced doesn't come back. */
export async function offerKeys(tx: Tx, machine: Machine, keys: PublicKeys, nowMs: number): Promise<boolean> {
  await tx
    .deleteFrom("machineKeys")
    .where("machineId", "=", machine.id)
    .where("payload", "is", null)
    .execute();
  const had = await tx
    .selectFrom("machineKeys")
    .select("atMs")
    .where("machineId", "=", machine.id)
    .where("signingKey", "=", keys.signingKey)
    .executeTakeFirst();
  if (had !== undefined || machine.signingKey === keys.signingKey) return false;
  const row = { machineId: machine.id, ...keys, atMs: nowMs, payload: null, signature: null };
  await tx.insertInto("machineKeys").values(row).execute();
  return true;
}

/** The machine under its next keys, which have just signed a request; undefined when they are not its next. */
export async function takeKeys(
  tx: Tx,
  serverKey: Uint8Array,
  machine: Machine,
  signingKey: string,
  nowMs: number,
): Promise<Machine | undefined> {
  const next = await nextKeys(tx, machine.id);
  if (next === undefined || next.signingKey !== signingKey) return undefined;
  await tx
    .deleteFrom("machineKeys")
    .where("machineId", "=", machine.id)
    .where("signingKey", "=", signingKey)
    .execute();
  const serial = await keepReplaced(tx, serverKey, machine, nowMs);
  await tx.updateTable("machines").set(next).where("id", "=", machine.id).execute();
  await record(tx, serverEntry(nowMs, "machine-keys-rotated", { machine: machine.id }));
  return { ...machine, ...next, serial };
}

async function keepReplaced(tx: Tx, serverKey: Uint8Array, machine: Machine, nowMs: number): Promise<number> {
  const { id, signingKey, boxKey } = machine;
  const serial = await nextSerial(tx, id);
  const target = { scope: "keys", signingKey } as const;
  const revocation: Revocation = { serial, machine: id, issuedAtMs: nowMs, target };
  const document = signDocument("revocation", revocation, serverKey);
  await tx
    .insertInto("machineKeys")
    .values({ machineId: id, signingKey, boxKey, atMs: nowMs, ...document })
    .execute();
  const old = await tx
    .selectFrom("machineKeys")
    .select("signingKey")
    .where("machineId", "=", id)
    .where("payload", "is not", null)
    .orderBy("atMs", "desc")
    .orderBy("signingKey")
    .offset(mostReplaced)
    .limit(mostReplaced)
    .execute();
  for (const one of old)
    await tx
      .deleteFrom("machineKeys")
      .where("machineId", "=", id)
      .where("signingKey", "=", one.signingKey)
      .execute();
  return serial;
}

export type Signer =
  /** Signed by the machine's own key, or by the next one: which of them holds is decided in the transaction. */
  | { readonly kind: "machine"; readonly signingKey: string }
  | { readonly kind: "replaced"; readonly revocation: SignedDocument };

/** Whose signature it is; undefined for a stranger's. */
export async function signerOf(
  db: Db,
  machine: Machine,
  verify: (publicKey: Uint8Array) => boolean,
): Promise<Signer | undefined> {
  const isBy = (key: string) => verify(Buffer.from(key, "base64"));
  if (isBy(machine.signingKey)) return { kind: "machine", signingKey: machine.signingKey };
  const others = await db
    .selectFrom("machineKeys")
    .select(["signingKey", "payload", "signature"])
    .where("machineId", "=", machine.id)
    .orderBy("atMs", "desc")
    .orderBy("signingKey")
    .execute();
  const found = others.find((one) => isBy(one.signingKey));
  if (found === undefined) return undefined;
  const { signingKey, payload, signature } = found;
  return payload === null || signature === null
    ? { kind: "machine", signingKey }
    : { kind: "replaced", revocation: { payload, signature } };
}
