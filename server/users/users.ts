// People's accounts.

import type { Random } from "../../words/random.ts";
import { lookAlikeKey, parseUserName, type UserName } from "../../words/user-name.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import { checkGroupName } from "../policies/policies.ts";
import { statement } from "../store/statement.ts";
import type { Db, Tx } from "../store/store.ts";

export interface User {
  readonly id: string;
  readonly name: UserName;
  readonly displayName: string;
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
  readonly failures: number;
  readonly lockedUntilMs: number | null;
  readonly selfFailures: number;
  readonly selfLockedUntilMs: number | null;
}

const columns = [
  "id",
  "name",
  "displayName",
  "disabledAtMs",
  "createdAtMs",
  "failures",
  "lockedUntilMs",
  "selfFailures",
  "selfLockedUntilMs",
] as const;

/** By the very characters of the name (after NFC); undefined for a name nobody has or could have. */
export async function findUser(db: Db, name: unknown): Promise<User | undefined> {
  const parsed = parseUserName(name);
  if (!parsed.ok) return undefined;
  const row = await userByName.first(db, parsed.value);
  return row && { ...row, name: parsed.value };
}

const userByName = statement((db, name: string) =>
  db.selectFrom("users").select(columns).where("name", "=", name),
);

/** @throws Failure when there is no such user. */
export async function theUser(db: Db, name: string): Promise<User> {
  const user = await findUser(db, name);
  if (user === undefined) throw new Failure("not-found", `there is no user ${JSON.stringify(name)}`);
  return user;
}

/** @throws Failure when there is no such user. */
export async function theUserById(db: Db, id: string): Promise<User> {
  const row = await db.selectFrom("users").select(columns).where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw new Failure("not-found", "this user is not there any more");
  return { ...row, name: row.name as UserName };
}

export async function groupsOfUser(db: Db, userId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("userGroups")
    .select("groupName")
    .where("userId", "=", userId)
    .orderBy("groupName")
    .execute();
  return rows.map((row) => row.groupName);
}

export interface UserOverview extends User {
  readonly groups: readonly string[];
  readonly authenticators: number;
}

/** All users by name. */
export async function listUsers(db: Db): Promise<UserOverview[]> {
  const users = await db.selectFrom("users").select(columns).orderBy("name").execute();
  const groups = await db.selectFrom("userGroups").selectAll().orderBy("groupName").execute();
  const counts = await db
    .selectFrom("authenticators")
    .select(["userId", (expression) => expression.fn.countAll<number>().as("count")])
    .groupBy("userId")
    .execute();
  const groupsOf = Map.groupBy(groups, (row) => row.userId);
  const countOf = new Map(counts.map((row) => [row.userId, Number(row.count)]));
  return users.map((row) => ({
    ...row,
    name: row.name as UserName,
    groups: (groupsOf.get(row.id) ?? []).map((group) => group.groupName),
    authenticators: countOf.get(row.id) ?? 0,
  }));
}

export interface NewUser {
  readonly name: string;
  readonly displayName: string;
  readonly groups: readonly string[];
}

/** Why a user can't be called so. */
export function displayNameFault(text: string): string | undefined {
  return /\p{Cc}/u.test(text) || text.length > 200
    ? "a display name has at most 200 characters and no control characters"
    : undefined;
}

/**
 * The key of a name that nobody else has.
 * @throws Failure when it is taken, or looks like one that is; `own`: the id of the user who may have it.
 */
export async function freeLookAlike(tx: Tx, name: UserName, own: string | undefined): Promise<string> {
  const lookAlike = lookAlikeKey(name);
  const taken = await tx
    .selectFrom("users")
    .select(["id", "name"])
    .where("lookAlike", "=", lookAlike)
    .executeTakeFirst();
  if (taken === undefined || taken.id === own) return lookAlike;
  throw new Failure(
    "exists",
    taken.name === name
      ? `user ${JSON.stringify(name)} exists already`
      : `${JSON.stringify(name)} looks like the existing user ${JSON.stringify(taken.name)}`,
  );
}

/** @throws Failure for a name that is none, is taken, or looks like one that is. */
export async function addUser(tx: Tx, wish: NewUser, random: Random, nowMs: number): Promise<User> {
  const name = parseUserName(wish.name);
  if (!name.ok) throw new Failure("invalid", name.error);
  const fault = displayNameFault(wish.displayName);
  if (fault !== undefined) throw new Failure("invalid", fault);
  const lookAlike = await freeLookAlike(tx, name.value, undefined);
  const row = {
    id: random.bytes(8).toHex(),
    name: name.value,
    displayName: wish.displayName,
    disabledAtMs: null,
    createdAtMs: nowMs,
    failures: 0,
    lockedUntilMs: null,
    selfFailures: 0,
    selfLockedUntilMs: null,
  };
  await tx
    .insertInto("users")
    .values({ ...row, lookAlike, language: null })
    .execute();
  await record(tx, serverEntry(nowMs, "user-added", { user: row.name }));
  for (const group of new Set(wish.groups)) await joinGroup(tx, row, group, nowMs);
  return row;
}

/** A repeat changes nothing. */
export async function joinGroup(tx: Tx, user: User, group: string, nowMs: number): Promise<void> {
  checkGroupName(group);
  const done = await tx
    .insertInto("userGroups")
    .values({ userId: user.id, groupName: group })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (done.numInsertedOrUpdatedRows === 1n)
    await record(tx, serverEntry(nowMs, "group-joined", { user: user.name }, { group }));
}

/** @throws Failure when the user is not in the group. */
export async function leaveGroup(tx: Tx, user: User, group: string, nowMs: number): Promise<void> {
  const done = await tx
    .deleteFrom("userGroups")
    .where("userId", "=", user.id)
    .where("groupName", "=", group)
    .executeTakeFirst();
  if (done.numDeletedRows === 0n) throw new Failure("not-found", `${user.name} is not in group "${group}"`);
  await record(tx, serverEntry(nowMs, "group-left", { user: user.name }, { group }));
}

/** Enrolments that were ended when the user was disabled stay ended: the next online MFA makes new ones. */
export async function enableUser(tx: Tx, user: User, nowMs: number): Promise<void> {
  await tx.updateTable("users").set({ disabledAtMs: null }).where("id", "=", user.id).execute();
  await record(tx, serverEntry(nowMs, "user-enabled", { user: user.name }));
}

/** Ends the server's own lockout; machines keep theirs. */
export async function unlockUser(tx: Tx, user: User, nowMs: number): Promise<void> {
  await tx
    .updateTable("users")
    .set({ failures: 0, lockedUntilMs: null, selfFailures: 0, selfLockedUntilMs: null })
    .where("id", "=", user.id)
    .execute();
  await record(tx, serverEntry(nowMs, "user-unlocked", { user: user.name }));
}
