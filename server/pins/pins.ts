// Users' PINs at rest: what they open, sealed, and how often they were missed.

import * as v from "valibot";
import type { PinLock } from "../../otp/pin-lock.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import type { Db, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";

/** What can be kept of a PIN once it is known that it may be one. */
export interface NewPin {
  readonly lock: PinLock;
  /** What the PIN opens: a right one is known by it, and a machine's seeds are masked by it. */
  readonly key: Uint8Array;
  readonly length: number;
}

export interface Pin extends NewPin {
  readonly userId: string;
  readonly failures: number;
  readonly lockedAtMs: number | null;
  /** Set by somebody else: good for setting one's own, and for nothing beside. */
  readonly mustChange: boolean;
  readonly setAtMs: number;
}

export type PinState = "none" | "set" | "must-change" | "locked";

export function pinState(pin: Pick<Pin, "lockedAtMs" | "mustChange"> | undefined): PinState {
  if (pin === undefined) return "none";
  if (pin.lockedAtMs !== null) return "locked";
  return pin.mustChange ? "must-change" : "set";
}

const sealedSchema = v.strictObject({
  salt: v.string(),
  difference: v.string(),
  cost: v.strictObject({
    memory: v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(262_144)),
    passes: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)),
  }),
  key: v.string(),
  length: v.number(),
});

/** @throws Error when it does not open: damaged is never taken for absent. */
export async function pinOf(db: Db, vault: Vault, userId: string): Promise<Pin | undefined> {
  const row = await db.selectFrom("pins").selectAll().where("userId", "=", userId).executeTakeFirst();
  if (row === undefined) return undefined;
  const opened = Buffer.from(vault.open({ table: "pins", id: userId }, row.sealed)).toString("utf8");
  const { salt, difference, cost, key, length } = v.parse(sealedSchema, JSON.parse(opened));
  return {
    userId,
    lock: { salt: Buffer.from(salt, "base64"), difference: Buffer.from(difference, "base64"), cost },
    key: Buffer.from(key, "base64"),
    length,
    failures: row.failures,
    lockedAtMs: row.lockedAtMs,
    mustChange: row.mustChange !== 0,
    setAtMs: row.setAtMs,
  };
}

/** Tells whether it is still the PIN that something was worked out for. */
export function lockName({ salt, difference }: PinLock): string {
  return `${Buffer.from(salt).toString("base64")} ${Buffer.from(difference).toString("base64")}`;
}

/** All that is kept of a PIN, before it is sealed for its user. */
export function pinContent({ lock, key, length }: NewPin): Uint8Array {
  const content = {
    salt: lock.salt.toBase64(),
    difference: lock.difference.toBase64(),
    cost: { memory: lock.cost.memory, passes: lock.cost.passes },
    key: key.toBase64(),
    length,
  };
  return Buffer.from(JSON.stringify(content), "utf8");
}

export function sealPin(vault: Vault, userId: string, content: Uint8Array): string {
  return vault.seal({ table: "pins", id: userId }, content);
}

/** Takes the place of the one before, and begins its count anew. */
export async function keepPin(
  tx: Tx,
  vault: Vault,
  user: User,
  made: NewPin,
  mustChange: boolean,
  nowMs: number,
): Promise<void> {
  const row = {
    sealed: sealPin(vault, user.id, pinContent(made)),
    failures: 0,
    lockedAtMs: null,
    mustChange: mustChange ? 1 : 0,
    setAtMs: nowMs,
  };
  await tx
    .insertInto("pins")
    .values({ userId: user.id, ...row })
    .onConflict((conflict) => conflict.column("userId").doUpdateSet(row))
    .execute();
  await record(tx, serverEntry(nowMs, "pin-set", { user: user.name }, { mustChange }));
}

/** The user has none from now on, and sets another one. @throws Failure when there is none. */
export async function resetPin(tx: Tx, user: User, nowMs: number): Promise<void> {
  const gone = await tx.deleteFrom("pins").where("userId", "=", user.id).executeTakeFirst();
  if (gone.numDeletedRows === 0n) throw new Failure("not-found", `${user.name} has no PIN`);
  await record(tx, serverEntry(nowMs, "pin-reset", { user: user.name }));
}

/** One more wrong PIN. `locked`: it was the last one that it takes. */
export async function countPinFailure(
  tx: Tx,
  user: User,
  pin: Pin,
  attempts: number,
  nowMs: number,
): Promise<"counted" | "locked"> {
  if (pin.lockedAtMs !== null) return "counted";
  const failures = pin.failures + 1;
  const locks = failures >= attempts;
  await tx
    .updateTable("pins")
    .set({ failures, lockedAtMs: locks ? nowMs : null })
    .where("userId", "=", user.id)
    .execute();
  if (!locks) return "counted";
  await record(tx, serverEntry(nowMs, "pin-locked", { user: user.name }, { failures }));
  return "locked";
}

export async function forgetPinFailures(tx: Tx, pin: Pin): Promise<void> {
  if (pin.failures > 0)
    await tx.updateTable("pins").set({ failures: 0 }).where("userId", "=", pin.userId).execute();
}
