// From the screen of a sign-in to a phone: a short code that a person without an authenticator reads off the one and types
// at the portal on the other. It stands for one sign-in of one user at one machine, for five minutes, five tries and one
// use. What it opens is the way to a key; what that key is worth, the sign-in and the setting decide.

import { minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import type { Db, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { makeCode } from "./mail-codes.ts";

/** Longer than a dialogue lasts, so that who is slow is told to sign in again by a page that knows them. */
const goodForMs = 5 * minuteMs;
const mostFailures = 5;

/** Where what was begun on the phone can be finished. */
export interface SignInPlace {
  readonly machineId: string;
  readonly dialogue: string;
}

/** The code. One that was shown to this user before is no good any more. */
export async function createHandOver(
  tx: Tx,
  vault: Vault,
  user: User,
  place: SignInPlace,
  random: Random,
  nowMs: number,
): Promise<string> {
  const code = makeCode(random);
  const row = {
    ...place,
    codeDigest: digestOf(vault, user.id, place, code),
    failures: 0,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + goodForMs,
  };
  await tx
    .insertInto("handOvers")
    .values({ userId: user.id, ...row })
    .onConflict((conflict) => conflict.column("userId").doUpdateSet(row))
    .execute();
  await record(tx, serverEntry(nowMs, "hand-over-shown", { user: user.name, machine: place.machineId }));
  return code;
}

/** Undefined for a wrong code; each counts. A right one is good until it is spent. */
export async function judgeHandOver(
  tx: Tx,
  vault: Vault,
  userId: string,
  typed: string,
  nowMs: number,
): Promise<SignInPlace | undefined> {
  const row = await tx
    .selectFrom("handOvers")
    .select(["machineId", "dialogue", "codeDigest"])
    .where("userId", "=", userId)
    .where("expiresAtMs", ">", nowMs)
    .where("failures", "<", mostFailures)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { machineId, dialogue, codeDigest } = row;
  const place = { machineId, dialogue };
  // Digests of 256 bits under a key of the server: that they are compared as texts tells nothing.
  if (codeDigest === digestOf(vault, userId, place, typed.replaceAll(/[\s-]/g, ""))) return place;
  await tx
    .updateTable("handOvers")
    .set((expression) => ({ failures: expression("failures", "+", 1) }))
    .where("userId", "=", userId)
    .execute();
  return undefined;
}

export async function spendHandOver(tx: Tx, userId: string): Promise<void> {
  await tx.deleteFrom("handOvers").where("userId", "=", userId).execute();
}

/** Whether this very sign-in has shown a code that nobody has used yet. */
export async function isHandingOver(
  db: Db,
  userId: string,
  place: SignInPlace,
  nowMs: number,
): Promise<boolean> {
  const row = await db
    .selectFrom("handOvers")
    .select("userId")
    .where("userId", "=", userId)
    .where("machineId", "=", place.machineId)
    .where("dialogue", "=", place.dialogue)
    .where("expiresAtMs", ">", nowMs)
    .executeTakeFirst();
  return row !== undefined;
}

/** As one word of text, for what is kept along with something else. */
export function placeText({ machineId, dialogue }: SignInPlace): string {
  return `${machineId} ${dialogue}`;
}

export function placeOf(text: string): SignInPlace | undefined {
  const [machineId, dialogue, ...more] = text.split(" ");
  return machineId === undefined || dialogue === undefined || more.length > 0
    ? undefined
    : { machineId, dialogue };
}

function digestOf(vault: Vault, userId: string, { machineId, dialogue }: SignInPlace, code: string): string {
  return vault.digest(["nightlatch/hand-over/1", userId, machineId, dialogue, code]);
}
