// What users have for the server's own pages: a role and a password.

import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import { endWhatWasEarned } from "../provisioning/invitations.ts";
import { endSessionsOf } from "../sessions/sessions.ts";
import type { Db, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { type KeptPassword, readKept } from "./password.ts";
import type { Role } from "./roles.ts";

export interface Account {
  readonly role: Role;
  /** As it is stored: told apart by these very characters, a password that was changed meanwhile is another. */
  readonly sealedPassword: string | null;
}

const noAccount: Account = { role: "none", sealedPassword: null };

export async function accountOf(db: Db, userId: string): Promise<Account> {
  const row = await db
    .selectFrom("accounts")
    .select(["role", "sealedPassword"])
    .where("userId", "=", userId)
    .executeTakeFirst();
  return row ?? noAccount;
}

export function openPassword(vault: Vault, userId: string, sealed: string): KeptPassword {
  return readKept(vault.open({ table: "accounts", id: userId }, sealed));
}

export function sealPassword(vault: Vault, userId: string, kept: KeptPassword): string {
  return vault.seal({ table: "accounts", id: userId }, Buffer.from(JSON.stringify(kept), "utf8"));
}

/** Ends all of the user's sessions, with what was begun in them: whoever had the old one has nothing any more. */
export async function setPassword(
  tx: Tx,
  vault: Vault,
  user: User,
  kept: KeptPassword,
  nowMs: number,
): Promise<void> {
  const set = { sealedPassword: sealPassword(vault, user.id, kept), passwordSetAtMs: nowMs };
  await tx
    .insertInto("accounts")
    .values({ userId: user.id, role: "none", ...set })
    .onConflict((conflict) => conflict.column("userId").doUpdateSet(set))
    .execute();
  await endSessionsOf(tx, user.id);
  await endWhatWasEarned(tx, user.id);
  await record(tx, serverEntry(nowMs, "password-set", { user: user.name }));
}

/** Nobody signs in with it any more; the user needs a new set-up link. */
export async function dropPassword(tx: Tx, user: User, nowMs: number): Promise<void> {
  await tx
    .updateTable("accounts")
    .set({ sealedPassword: null, passwordSetAtMs: null })
    .where("userId", "=", user.id)
    .execute();
  await endSessionsOf(tx, user.id);
  await endWhatWasEarned(tx, user.id);
  await record(tx, serverEntry(nowMs, "password-dropped", { user: user.name }));
}

export interface RoleChange {
  readonly user: User;
  readonly role: Role;
  /** Also when nobody else could administer the server then. */
  readonly evenTheLastAdmin: boolean;
}

/**
 * Ends the user's sessions: rights are never changed under one.
 * @throws Failure when the last admin would go by it.
 */
export async function setRole(tx: Tx, change: RoleChange, nowMs: number): Promise<void> {
  const { user, role } = change;
  const before = (await accountOf(tx, user.id)).role;
  if (before === role) return;
  if (role !== "admin" && !change.evenTheLastAdmin) await keepAnAdmin(tx, user);
  await tx
    .insertInto("accounts")
    .values({ userId: user.id, role, sealedPassword: null, passwordSetAtMs: null })
    .onConflict((conflict) => conflict.column("userId").doUpdateSet({ role }))
    .execute();
  await endSessionsOf(tx, user.id);
  await record(tx, serverEntry(nowMs, "role-changed", { user: user.name }, { before, role }));
}

/** Whether nobody else can sign in as an admin. */
export async function isOnlyAdmin(tx: Tx, user: User): Promise<boolean> {
  const admins = await tx
    .selectFrom("accounts")
    .innerJoin("users", "users.id", "accounts.userId")
    .select("users.id")
    .where("accounts.role", "=", "admin")
    .where("accounts.sealedPassword", "is not", null)
    .where("users.disabledAtMs", "is", null)
    .orderBy("users.id")
    .limit(2)
    .execute();
  return admins.length === 1 && admins[0]?.id === user.id;
}

/** @throws Failure when this user is the only one who can sign in as an admin. */
export async function keepAnAdmin(tx: Tx, user: User): Promise<void> {
  if (await isOnlyAdmin(tx, user))
    throw new Failure(
      "conflict",
      `${user.name} is the only admin who can sign in; make another one first, or run: nightlatch-server admin role NAME none --even-the-last-admin`,
    );
}

export interface ListedAdmin {
  readonly name: string;
  readonly role: Role;
  readonly hasPassword: boolean;
  readonly disabled: boolean;
}

/** Everybody who has a role, by name. They are few. */
export async function listAdmins(db: Db): Promise<ListedAdmin[]> {
  const rows = await db
    .selectFrom("accounts")
    .innerJoin("users", "users.id", "accounts.userId")
    .select(["users.name", "users.disabledAtMs", "accounts.role", "accounts.passwordSetAtMs"])
    .where("accounts.role", "<>", "none")
    .orderBy("users.name")
    .execute();
  return rows.map(({ name, role, passwordSetAtMs, disabledAtMs }) => ({
    name,
    role,
    hasPassword: passwordSetAtMs !== null,
    disabled: disabledAtMs !== null,
  }));
}
