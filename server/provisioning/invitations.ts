// Links by which a user adds an authenticator without proving another one. Opening one spends nothing: mail programs open
// links, too. Finishing does, a newer one does, and time does. Only the hash of a link is kept.

import { createHash } from "node:crypto";
import { hourMs } from "../../words/clock.ts";
import type { KeyType } from "../../protocol/sync/policy.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import type { Db, Tx } from "../store/store.ts";
import { findUser, type User } from "../users/users.ts";
import { placeOf, placeText, type SignInPlace, spendHandOver } from "./hand-over.ts";
import { endMailCodesOf } from "./mail-codes.ts";
import { beginPending, dropPending, dropPendingOf, type ProofOutcome, provePending } from "./pending.ts";
import type { Provisioning } from "./provisioning-setting.ts";
import { mayEarnInvitation } from "./who-may.ts";

export interface InvitationWish {
  readonly user: User;
  /** `sign-in`: a machine says that a password was asked; finished in that sign-in alone. */
  readonly origin: "admin" | "self" | "sign-in";
  readonly forMs: number;
  /** A code proves it there, too, and ends that sign-in. */
  readonly place?: SignInPlace;
}

/** The secret that the link carries. What was begun by an earlier link is gone: its holder has seen the key. */
export async function createInvitation(
  tx: Tx,
  wish: InvitationWish,
  random: Random,
  nowMs: number,
): Promise<string> {
  const { user, origin, forMs, place } = wish;
  const secret = random.bytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
  const signIn = place === undefined ? null : placeText(place);
  const row = { idHash: hashOf(secret), origin, signIn, createdAtMs: nowMs, expiresAtMs: nowMs + forMs };
  await tx.deleteFrom("invitations").where("userId", "=", user.id).execute();
  await dropPendingOf(tx, user.id, "invitation");
  await tx
    .insertInto("invitations")
    .values({ userId: user.id, ...row })
    .execute();
  const detail = { origin, hours: forMs / hourMs };
  await record(tx, serverEntry(nowMs, "invitation-created", { user: user.name }, detail));
  return secret;
}

export interface Invitation {
  readonly idHash: string;
  readonly user: User;
  readonly origin: InvitationWish["origin"];
  readonly place: SignInPlace | undefined;
  readonly expiresAtMs: number;
}

/**
 * Undefined for one that is unknown, used, replaced, too old, or of a user who is disabled; and for one that was earned by
 * a user who could not earn it now, as one who has got an authenticator meanwhile.
 */
export async function findInvitation(db: Db, secret: string, nowMs: number): Promise<Invitation | undefined> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(secret)) return undefined;
  const idHash = hashOf(secret);
  const row = await db
    .selectFrom("invitations")
    .innerJoin("users", "users.id", "invitations.userId")
    .select(["users.name", "invitations.origin", "invitations.signIn", "invitations.expiresAtMs"])
    .where("idHash", "=", idHash)
    .where("expiresAtMs", ">", nowMs)
    .where("users.disabledAtMs", "is", null)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const user = await findUser(db, row.name);
  if (user === undefined || (row.origin !== "admin" && !(await mayEarnInvitation(db, user))))
    return undefined;
  const { origin, expiresAtMs } = row;
  return { idHash, user, origin, place: placeOf(row.signIn ?? ""), expiresAtMs };
}

/** False when the invitation is no good any more. @throws Failure for a name that can't be one. */
export async function beginByInvitation(
  tx: Tx,
  vault: Vault,
  secret: string,
  wish: { readonly type: KeyType; readonly name: string },
  setting: Provisioning,
  random: Random,
  nowMs: number,
): Promise<boolean> {
  const invitation = await findInvitation(tx, secret, nowMs);
  if (invitation === undefined) return false;
  await beginPending(tx, vault, invitation.user, { ...wish, origin: "invitation" }, setting, random, nowMs);
  return true;
}

/** @throws Failure when the user has too many authenticators. */
export async function finishByInvitation(
  tx: Tx,
  vault: Vault,
  secret: string,
  code: string,
  random: Random,
  nowMs: number,
): Promise<(ProofOutcome & { readonly user: User }) | { readonly kind: "no-invitation" }> {
  const invitation = await findInvitation(tx, secret, nowMs);
  if (invitation === undefined || invitation.origin === "sign-in") return { kind: "no-invitation" };
  const { user, idHash } = invitation;
  const outcome = await provePending(tx, vault, user, "invitation", code, random, nowMs);
  if (outcome.kind === "added") await tx.deleteFrom("invitations").where("idHash", "=", idHash).execute();
  return { ...outcome, user };
}

/** A code of what was begun by an invitation, typed in the sign-in that it belongs to. `none`: it belongs to no such one. */
export async function finishInSignIn(
  tx: Tx,
  vault: Vault,
  user: User,
  place: SignInPlace,
  code: string,
  random: Random,
  nowMs: number,
): Promise<ProofOutcome> {
  if (!(await isInvitedTo(tx, user, place, nowMs))) return { kind: "none" };
  const outcome = await provePending(tx, vault, user, "invitation", code, random, nowMs);
  if (outcome.kind === "added") await tx.deleteFrom("invitations").where("userId", "=", user.id).execute();
  return outcome;
}

export async function isInvitedTo(db: Db, user: User, place: SignInPlace, nowMs: number): Promise<boolean> {
  const row = await db
    .selectFrom("invitations")
    .select("userId")
    .where("userId", "=", user.id)
    .where("signIn", "=", placeText(place))
    .where("expiresAtMs", ">", nowMs)
    .executeTakeFirst();
  return row !== undefined;
}

/** The user's password has changed: what was earned by the one before, or by having none, is worth nothing any more. */
export async function endWhatWasEarned(tx: Tx, userId: string): Promise<void> {
  await spendHandOver(tx, userId);
  await endMailCodesOf(tx, userId, "first-authenticator");
  const gone = await tx
    .deleteFrom("invitations")
    .where("userId", "=", userId)
    .where("origin", "<>", "admin")
    .executeTakeFirst();
  if (gone.numDeletedRows > 0n) await dropPendingOf(tx, userId, "invitation");
}

/** Until when the one that a user has is good; undefined: there is none. */
export async function openInvitationUntil(
  db: Db,
  userId: string,
  nowMs: number,
): Promise<number | undefined> {
  const row = await db
    .selectFrom("invitations")
    .select("expiresAtMs")
    .where("userId", "=", userId)
    .where("expiresAtMs", ">", nowMs)
    .executeTakeFirst();
  return row?.expiresAtMs;
}

/** An admin takes it back; false when there was none. */
export async function withdrawInvitation(tx: Tx, user: User, nowMs: number): Promise<boolean> {
  const gone = await tx.deleteFrom("invitations").where("userId", "=", user.id).executeTakeFirst();
  if (gone.numDeletedRows === 0n) return false;
  await dropPending(tx, user.id);
  await record(tx, serverEntry(nowMs, "invitation-withdrawn", { user: user.name }));
  return true;
}

/** The secret has 256 bits of chance: a fast hash is enough. */
function hashOf(secret: string): string {
  return createHash("sha256").update(secret, "ascii").digest("base64");
}
