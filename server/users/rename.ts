// A user is called something else. The user stays who it is: id, groups, authenticators, PIN, addresses, role, lockout and
// history. What belongs to the name ends: sessions, what was on its way, and offline use on machines, which know users by name.

import { lookAlikeKey, parseUserName } from "../../words/user-name.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { directorySetting } from "../directory/settings.ts";
import { markEnded } from "../enrolments/enrolments.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import { leaveName } from "../machines/former-names.ts";
import { endSessionsOf } from "../sessions/sessions.ts";
import { moveFailures, userThrottle } from "../sessions/throttle.ts";
import { readSetting } from "../settings/settings.ts";
import type { Db, Tx } from "../store/store.ts";
import { freeLookAlike, type User } from "./users.ts";
import { withdrawFrom } from "./withdraw.ts";

export interface Renamed {
  readonly from: string;
  readonly to: string;
  /** How many machines drop the old name. */
  readonly machines: number;
  readonly linksWithdrawn: number;
  /** The directory decides the name: its next sync gives the user the one that is there. */
  readonly directoryDecides: boolean;
}

/** @throws Failure for a name that is none, is the same, is taken, or looks like one that is. */
export async function renameUser(
  tx: Tx,
  vault: Vault,
  user: User,
  wish: string,
  nowMs: number,
): Promise<Renamed> {
  const name = parseUserName(wish);
  if (!name.ok) throw new Failure("invalid", name.error);
  const [from, to] = [user.name, name.value];
  if (from === to) throw new Failure("conflict", `user ${JSON.stringify(from)} is called so already`);
  const lookAlike = await freeLookAlike(tx, to, user.id);
  const machines = await leaveName(tx, user, nowMs);
  const enrolled = await tx
    .selectFrom("enrolments")
    .select("machineId")
    .where("userId", "=", user.id)
    .where("endedAtMs", "is", null)
    .orderBy("machineId")
    .execute();
  for (const { machineId } of enrolled) await markEnded(tx, machineId, user, "user-renamed", nowMs);
  await endSessionsOf(tx, user.id);
  const linksWithdrawn = await withdrawFrom(tx, user.id);
  // A challenge that was given to somebody of either name is not the other one's.
  for (const table of ["challenges", "pageChallenges"] as const)
    await tx.deleteFrom(table).where("userName", "in", [from, to]).execute();
  await moveFailures(tx, userThrottle(vault, lookAlikeKey(from)), userThrottle(vault, lookAlike));
  await tx.updateTable("users").set({ name: to, lookAlike }).where("id", "=", user.id).execute();
  const renamed = { from, to, machines, linksWithdrawn };
  // Under either name: whoever looks for one finds what became of it.
  for (const either of [from, to])
    await record(tx, serverEntry(nowMs, "user-renamed", { user: either }, renamed));
  return { ...renamed, directoryDecides: await isOfDirectory(tx, user.id) };
}

/** Of one that is followed. */
export async function isOfDirectory(db: Db, userId: string): Promise<boolean> {
  const known = await db
    .selectFrom("directoryUsers")
    .select("userId")
    .where("userId", "=", userId)
    .executeTakeFirst();
  return known !== undefined && (await readSetting(db, directorySetting)).url !== "";
}

/** What it means, for whoever has done it. */
export function saidOfRename({ machines, linksWithdrawn, directoryDecides }: Renamed): string {
  const held =
    machines === 0
      ? "no machine holds the old name"
      : `${machines} ${machines === 1 ? "machine drops" : "machines drop"} the old name at the next sync, and one online sign-in under the new name is needed on each`;
  const links =
    linksWithdrawn === 0 ? "" : `; ${linksWithdrawn} ${linksWithdrawn === 1 ? "link" : "links"} withdrawn`;
  const back = directoryDecides ? "; the next sync of the directory gives the name that is there" : "";
  return `${held}; sessions of the pages have ended${links}${back}`;
}
