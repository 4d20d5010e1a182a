// An authenticator that a user has begun to add: its secret is shown, and it counts for nothing until a right code has
// proved that an app has it. That code is spent. Another one begun in its place ends it, and so does time.

import * as v from "valibot";
import { drawChallenge } from "../../otp/challenge.ts";
import { authenticatorSchema } from "../../protocol/sync/documents.ts";
import type { KeyType } from "../../protocol/sync/policy.ts";
import { minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { addOtp, checkAuthenticatorName, type KeyAuthenticator, newKey } from "../authenticators/manage.ts";
import { mergeAndSave } from "../authenticators/merge.ts";
import { commonParameters, type KeyParameters, parametersFor } from "../authenticators/template.ts";
import type { Vault } from "../identity/vault.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Db, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { judgeAnswers } from "../verification/judge.ts";
import type { Provisioning } from "./provisioning-setting.ts";

/** In the portal: the session. In a sign-in: which machine and dialogue. */
export type Origin = { readonly session: string } | "invitation" | `sign-in ${string}`;

/** RFC 4226 section 4 R6 recommends 160 bits. */
const secretBytes = 20;
/** Whoever types so many wrong codes has another secret in the app: it is begun anew. */
const mostFailures = 10;

export interface Pending {
  readonly name: string;
  /** With its secret, to be shown to its user; as it will be added, but for what is spent. */
  readonly authenticator: KeyAuthenticator;
  /** To be answered with a challenge-response key; null for the others. */
  readonly challenge: string | null;
  readonly expiresAtMs: number;
}

export interface PendingWish {
  readonly origin: Origin;
  readonly type: KeyType;
  readonly name: string;
}

/** @throws Failure for a name that can't be one, and for a type that policy does not have. */
export async function beginPending(
  tx: Tx,
  vault: Vault,
  user: User,
  wish: PendingWish,
  setting: Provisioning,
  random: Random,
  nowMs: number,
): Promise<void> {
  checkAuthenticatorName(wish.name);
  const id = random.bytes(8).toHex();
  const fallback = { ...commonParameters, ...keyParameters(setting) };
  const parameters = await parametersFor(tx, user.id, { type: wish.type }, fallback);
  const key = { id, secret: random.bytes(secretBytes).toBase64() };
  const authenticator = newKey(wish.type, key, parameters);
  const row = {
    id,
    ...kept(wish.origin),
    name: wish.name,
    sealed: vault.seal(
      { table: "pending_authenticators", id },
      Buffer.from(JSON.stringify(authenticator), "utf8"),
    ),
    challenge: wish.type === "ocra" ? drawChallenge(random) : null,
    failures: 0,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + setting.pendingMinutes * minuteMs,
  };
  await tx
    .insertInto("pendingAuthenticators")
    .values({ userId: user.id, ...row })
    .onConflict((conflict) => conflict.column("userId").doUpdateSet(row))
    .execute();
  const detail = { type: wish.type, origin: kept(wish.origin).origin };
  await record(tx, serverEntry(nowMs, "authenticator-begun", { user: user.name }, detail));
}

function keyParameters({ algorithm, digits, periodSeconds }: Provisioning): Partial<KeyParameters> {
  return { algorithm, digits, periodSeconds };
}

/** Undefined when there is none that was begun in this place and has not expired. @throws Error for a damaged one. */
export async function findPending(
  db: Db,
  vault: Vault,
  userId: string,
  origin: Origin,
  nowMs: number,
): Promise<(Pending & { readonly failures: number }) | undefined> {
  const place = kept(origin);
  const row = await db
    .selectFrom("pendingAuthenticators")
    .select(["id", "name", "sealed", "challenge", "failures", "expiresAtMs"])
    .where("userId", "=", userId)
    .where("origin", "=", place.origin)
    .where("sessionHash", place.sessionHash === null ? "is" : "=", place.sessionHash)
    .where("expiresAtMs", ">", nowMs)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const opened = vault.open({ table: "pending_authenticators", id: row.id }, row.sealed);
  const authenticator = v.parse(authenticatorSchema, JSON.parse(Buffer.from(opened).toString("utf8")));
  if (authenticator.type === "backup-codes") throw new Error("a pending authenticator is not one that waits");
  const { name, challenge, failures, expiresAtMs } = row;
  return { name, authenticator, challenge, failures, expiresAtMs };
}

export type ProofOutcome =
  | { readonly kind: "added"; readonly authenticator: KeyAuthenticator }
  | { readonly kind: "wrong" }
  /** Expired, replaced, or given up for too many wrong codes. */
  | { readonly kind: "none" };

/** @throws Failure when the user has too many authenticators; the pending one is still there then. */
export async function provePending(
  tx: Tx,
  vault: Vault,
  user: User,
  origin: Origin,
  code: string,
  random: Random,
  nowMs: number,
): Promise<ProofOutcome> {
  const pending = await findPending(tx, vault, user.id, origin, nowMs);
  if (pending === undefined) return { kind: "none" };
  const { policy } = await policyOf(tx, { userId: user.id, machineId: null });
  const { authenticator } = pending;
  const challenge = pending.challenge === null ? undefined : { digits: pending.challenge, drawnAtMs: nowMs };
  const answers = [{ text: code, backupCode: undefined, pin: undefined }];
  const question = [[authenticator.type]];
  // A new authenticator proves itself: no PIN has a part in that.
  const judgement = judgeAnswers(question, answers, [authenticator], policy, [], challenge, nowMs, undefined);
  if (!judgement.right) {
    await countWrong(tx, user, pending.failures + 1, nowMs);
    return { kind: "wrong" };
  }
  const { secret: _, ...shape } = authenticator;
  const wish = {
    ...shape,
    secret: Buffer.from(authenticator.secret, "base64"),
    counter: 0,
    name: pending.name,
  };
  const added = await addOtp(tx, vault, user, wish, random, nowMs);
  const spends = judgement.spends.map((spent) => ({ ...spent, id: added.id }));
  await mergeAndSave(tx, [added], spends, nowMs);
  await dropPending(tx, user.id);
  const detail = { type: added.type, id: added.id, origin: kept(origin).origin };
  await record(tx, serverEntry(nowMs, "authenticator-proved", { user: user.name }, detail));
  return { kind: "added", authenticator: added };
}

export async function dropPending(tx: Tx, userId: string): Promise<void> {
  await tx.deleteFrom("pendingAuthenticators").where("userId", "=", userId).execute();
}

/** What was begun elsewhere goes on. */
export async function dropPendingOf(tx: Tx, userId: string, origin: "invitation"): Promise<void> {
  await tx
    .deleteFrom("pendingAuthenticators")
    .where("userId", "=", userId)
    .where("origin", "=", origin)
    .execute();
}

function kept(origin: Origin) {
  return typeof origin === "string"
    ? { origin, sessionHash: null }
    : ({ origin: "portal", sessionHash: origin.session } as const);
}

async function countWrong(tx: Tx, user: User, failures: number, nowMs: number): Promise<void> {
  await record(tx, serverEntry(nowMs, "authenticator-not-proved", { user: user.name }, { failures }));
  if (failures >= mostFailures) await dropPending(tx, user.id);
  else
    await tx.updateTable("pendingAuthenticators").set({ failures }).where("userId", "=", user.id).execute();
}
