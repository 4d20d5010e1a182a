// A user's seed on a machine, shown on the screen of a sign-in that was granted there, and counting once a code of it was
// typed. Each showing has a seed of its own: what somebody saw over a shoulder, and nobody proved, is worth nothing.

import { normaliseDigits } from "../../otp/code.ts";
import { judgeTotp } from "../../otp/totp.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import { minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import type { Machine } from "../machines/machines.ts";
import type { NamedPolicy } from "../policies/policies.ts";
import type { Db, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { type MachineSeed, machineSeedOfRound, placeOf } from "./machine-seed.ts";

/** A dialogue lasts three minutes. */
const withinMs = 5 * minuteMs;
const mostFailures = 5;

/**
 * Whether this granted sign-in may show the seed; if so it is remembered. A program of the user's own gets none: one code
 * that it was given must not become all codes to come.
 */
export async function mayShowSeed(
  tx: Tx,
  signIn: {
    readonly machine: Machine;
    readonly user: User;
    readonly policy: NamedPolicy;
    readonly request: { readonly dialogue: string; readonly caller: "system" | "self" };
  },
  nowMs: number,
): Promise<boolean> {
  const { machine, user, request } = signIn;
  const { seeds, offline } = signIn.policy.policy;
  const asksTotp = offline.factors.some((question) => question.includes("totp"));
  if (seeds !== "per-machine" || !asksTotp || request.caller !== "system") return false;
  const given = await tx
    .selectFrom("machineSeeds")
    .select("shownAtMs")
    .where("userId", "=", user.id)
    .where("machineId", "=", machine.id)
    .executeTakeFirst();
  if (given !== undefined && given.shownAtMs !== null) return false;
  // Of this machine alone: exchanges of others go on at the same moment, and rows of theirs could make both wait in a circle.
  await tx
    .deleteFrom("seedShowings")
    .where("machineId", "=", machine.id)
    .where("grantedAtMs", "<=", nowMs - withinMs)
    .execute();
  const row = { userId: user.id, grantedAtMs: nowMs, round: null, failures: 0 };
  await tx
    .insertInto("seedShowings")
    .values({ machineId: machine.id, dialogue: request.dialogue, ...row })
    .onConflict((conflict) => conflict.columns(["machineId", "dialogue"]).doUpdateSet(row))
    .execute();
  return true;
}

export interface Showing {
  readonly machineId: string;
  readonly dialogue: string;
  readonly userId: string;
  readonly round: number | null;
  readonly failures: number;
}

/** Undefined when the sign-in is not one of these, or no longer. */
export async function findShowing(
  db: Db,
  machineId: string,
  dialogue: string,
  nowMs: number,
): Promise<Showing | undefined> {
  return db
    .selectFrom("seedShowings")
    .select(["machineId", "dialogue", "userId", "round", "failures"])
    .where("machineId", "=", machineId)
    .where("dialogue", "=", dialogue)
    .where("grantedAtMs", ">", nowMs - withinMs)
    .executeTakeFirst();
}

/** Undefined when it was shown in this dialogue, or given out meanwhile: once is once. */
export async function showSeed(
  tx: Tx,
  vault: Vault,
  showing: Showing,
  user: User,
  random: Random,
  nowMs: number,
): Promise<MachineSeed | undefined> {
  const { userId, machineId } = showing;
  const place = await placeOf(tx, userId, machineId, random);
  if (showing.round !== null || place.shownAtMs !== null) return undefined;
  const round = Math.max(place.round, place.shownRound) + 1;
  await tx.updateTable("machineSeeds").set({ shownRound: round }).where("id", "=", place.id).execute();
  await showings(tx, showing).set({ round }).execute();
  const about = { user: user.name, machine: machineId };
  await record(tx, serverEntry(nowMs, "machine-seed-shown", about, { operator: "sign-in", again: false }));
  return machineSeedOfRound(tx, vault, { userId, machineId, round }, random);
}

/** `proved`: the seed that was shown counts from now on, and the code is spent. */
export async function proveSeed(
  tx: Tx,
  vault: Vault,
  showing: Showing,
  proof: { readonly user: User; readonly policy: Policy; readonly code: string },
  random: Random,
  nowMs: number,
): Promise<"proved" | "wrong" | "refused"> {
  const { userId, machineId, round } = showing;
  const place = await placeOf(tx, userId, machineId, random);
  if (round === null || place.shownRound !== round || place.shownAtMs !== null) return "refused";
  const seed = await machineSeedOfRound(tx, vault, { userId, machineId, round }, random);
  const key = { ...seed, secret: Buffer.from(seed.secret, "base64") };
  const lastStep = judgeTotp(key, normaliseDigits(proof.code), seed.lastStep, proof.policy.totpWindow, nowMs);
  if (lastStep === undefined) {
    const failures = showing.failures + 1;
    if (failures >= mostFailures) await endShowing(tx, showing);
    else await showings(tx, showing).set({ failures }).execute();
    return failures >= mostFailures ? "refused" : "wrong";
  }
  await tx
    .updateTable("machineSeeds")
    .set({ round, lastStep, shownAtMs: nowMs })
    .where("id", "=", place.id)
    .execute();
  await endShowing(tx, showing);
  await record(tx, serverEntry(nowMs, "machine-seed-proved", { user: proof.user.name, machine: machineId }));
  return "proved";
}

function showings(tx: Tx, { machineId, dialogue }: Showing) {
  return tx.updateTable("seedShowings").where("machineId", "=", machineId).where("dialogue", "=", dialogue);
}

async function endShowing(tx: Tx, { machineId, dialogue }: Showing): Promise<void> {
  await tx
    .deleteFrom("seedShowings")
    .where("machineId", "=", machineId)
    .where("dialogue", "=", dialogue)
    .execute();
}
