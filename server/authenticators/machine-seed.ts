// A TOTP seed for each user on each machine, derived from a root that never leaves this server: whoever has one machine's
// seed knows nothing of another machine's, nor of the authenticators that the user signs in online with.

import { theSodium } from "../../protocol/crypto/sodium.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import type { Machine } from "../machines/machines.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";

export type MachineSeed = Extract<Authenticator, { type: "totp" }>;

const rootBytes = 32;
const seedBytes = 20;
export const machineSeedPeriodSeconds = 30;
const label = "nightlatch/machine-seed/1";

/** Ids of other authenticators are hex digits alone. */
export function isMachineSeed({ id }: { readonly id: string }): boolean {
  return id.startsWith("machine-");
}

/**
 * Keyed BLAKE2b over a label, a zero byte and the machine's id; and of every round but the first, behind another zero byte,
 * its number.
 */
export function deriveMachineSeed(root: Uint8Array, machineId: string, round = 0): Uint8Array {
  const place = round === 0 ? machineId : `${machineId}\0${round}`;
  return theSodium().crypto_generichash(seedBytes, Buffer.from(`${label}\0${place}`, "ascii"), root);
}

/** The user's on this machine, with what is spent of it; root and place are made when there are none yet. */
export async function machineSeedOf(
  tx: Tx,
  vault: Vault,
  userId: string,
  machineId: string,
  random: Random,
): Promise<MachineSeed> {
  const { round } = await placeOf(tx, userId, machineId, random);
  return machineSeedOfRound(tx, vault, { userId, machineId, round }, random);
}

/** Only that of the round in the database counts. */
export async function machineSeedOfRound(
  tx: Tx,
  vault: Vault,
  place: { readonly userId: string; readonly machineId: string; readonly round: number },
  random: Random,
): Promise<MachineSeed> {
  const { userId, machineId, round } = place;
  const root = await rootOf(tx, vault, userId, random);
  const { id, lastStep } = await placeOf(tx, userId, machineId, random);
  const secret = deriveMachineSeed(root, machineId, round).toBase64();
  return {
    type: "totp",
    id,
    secret,
    algorithm: "sha1",
    digits: 6,
    periodSeconds: machineSeedPeriodSeconds,
    lastStep,
  };
}

/**
 * The seed to be put into an app, once: a second time only when asked for again on purpose. Undefined when it was shown
 * before.
 */
export async function showMachineSeed(
  tx: Tx,
  vault: Vault,
  place: {
    readonly user: User;
    readonly machine: Machine;
    readonly operator: string;
    readonly again: boolean;
  },
  random: Random,
  nowMs: number,
): Promise<MachineSeed | undefined> {
  const { user, machine, operator, again } = place;
  const seed = await machineSeedOf(tx, vault, user.id, machine.id, random);
  const shown = await tx
    .updateTable("machineSeeds")
    .set({ shownAtMs: nowMs })
    .where("id", "=", seed.id)
    .$if(!again, (query) => query.where("shownAtMs", "is", null))
    .executeTakeFirst();
  if (shown.numUpdatedRows === 0n) return undefined;
  const about = { user: user.name, machine: machine.id };
  await record(tx, serverEntry(nowMs, "machine-seed-shown", about, { operator, again }));
  return seed;
}

/** Another root: the seeds of all machines are others from their next sync on, and have not been shown. */
export async function renewMachineSeeds(tx: Tx, user: User, operator: string, nowMs: number): Promise<void> {
  await tx.deleteFrom("offlineRoots").where("userId", "=", user.id).execute();
  await tx.deleteFrom("machineSeeds").where("userId", "=", user.id).execute();
  await record(tx, serverEntry(nowMs, "machine-seeds-renewed", { user: user.name }, { operator }));
}

async function rootOf(tx: Tx, vault: Vault, userId: string, random: Random): Promise<Uint8Array> {
  const name = { table: "offline_roots", id: userId } as const;
  const row = await tx
    .selectFrom("offlineRoots")
    .select("sealed")
    .where("userId", "=", userId)
    .executeTakeFirst();
  if (row !== undefined) return vault.open(name, row.sealed);
  const root = random.bytes(rootBytes);
  await tx
    .insertInto("offlineRoots")
    .values({ userId, sealed: vault.seal(name, root) })
    .execute();
  return root;
}

/** What is known of the seed; made when there is nothing yet. */
export async function placeOf(tx: Tx, userId: string, machineId: string, random: Random) {
  const known = await tx
    .selectFrom("machineSeeds")
    .select(["id", "lastStep", "round", "shownRound", "shownAtMs"])
    .where("userId", "=", userId)
    .where("machineId", "=", machineId)
    .executeTakeFirst();
  if (known !== undefined) return known;
  const id = `machine-${random.bytes(8).toHex()}`;
  const place = { id, lastStep: null, round: 0, shownRound: 0, shownAtMs: null };
  await tx
    .insertInto("machineSeeds")
    .values({ ...place, userId, machineId })
    .execute();
  return place;
}
