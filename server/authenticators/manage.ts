// Adding, listing and removing authenticators: the only moments at which a secret is made, and shown.

import { backupCodeCount, formatBackupCode, hashBackupCode, makeBackupCode } from "../../otp/backup-code.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { KeyType } from "../../protocol/sync/policy.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import type { Db, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { authenticatorsOf, insertAuthenticator } from "./authenticators.ts";
import { commonParameters, type KeyParameters, type KeyWish, parametersFor } from "./template.ts";

/** Shorter ones are accepted from existing tokens, RFC 4226 section 4 R6 asks for this many bytes. */
export const recommendedSecretBytes = 16;
const leastSecretBytes = 10;
const mostSecretBytes = 64;
const freshSecretBytes = 20;
/** A bundle carries no more than 50. */
export const mostAuthenticators = 20;

/** Why these bytes can't be a secret. */
export function secretFault(secret: Uint8Array): string | undefined {
  return secret.length < leastSecretBytes || secret.length > mostSecretBytes
    ? `a secret has ${leastSecretBytes} to ${mostSecretBytes} bytes`
    : undefined;
}

/** Parameters that are left out are those of the user's policy, or what every app takes. */
export type NewOtp = KeyWish & {
  /** Of a HOTP key. */
  readonly counter: number;
  /** Undefined: a fresh one of 20 random bytes. */
  readonly secret: Uint8Array | undefined;
  /** What the user calls it. */
  readonly name?: string;
};

export type OtpAuthenticator = Extract<Authenticator, { type: "totp" | "hotp" }>;
/** One secret that a person's app or token computes with. */
export type KeyAuthenticator = Extract<Authenticator, { secret: string }>;

/** @throws Failure when policy has another word on it, the secret is too short or too long, or the user has too many. */
export async function addOtp(
  tx: Tx,
  vault: Vault,
  user: User,
  wish: NewOtp,
  random: Random,
  nowMs: number,
): Promise<KeyAuthenticator> {
  const secret = wish.secret ?? random.bytes(freshSecretBytes);
  const fault = secretFault(secret);
  if (fault !== undefined) throw new Failure("invalid", fault);
  // Two authenticators with one secret would make every code of it good twice.
  const present = await authenticatorsOf(tx, vault, user.id);
  if (present.some((one) => one.type !== "backup-codes" && one.secret === secret.toBase64()))
    throw new Failure("conflict", "the user has an authenticator with this secret already");
  // A key that is there already is as it is; what is made here follows the policy.
  const parameters =
    wish.secret === undefined
      ? await parametersFor(tx, user.id, wish, commonParameters)
      : { ...commonParameters, ...given(wish) };
  const key = { id: random.bytes(8).toHex(), secret: secret.toBase64() };
  const authenticator = { ...newKey(wish.type, key, parameters), ...counterOf(wish) };
  await add(tx, vault, user, authenticator, nowMs);
  if (wish.name !== undefined) await setName(tx, user, authenticator.id, wish.name);
  return authenticator;
}

/** Of which nothing is spent. */
export function newKey(
  type: KeyType,
  key: { readonly id: string; readonly secret: string },
  { algorithm, digits, periodSeconds, suite }: KeyParameters,
): KeyAuthenticator {
  switch (type) {
    case "totp":
      return { type, ...key, algorithm, digits, periodSeconds, lastStep: null };
    case "hotp":
      return { type, ...key, algorithm, digits, counter: 0 };
    case "ocra":
      return { type, ...key, suite, usedThroughMs: null };
  }
}

function counterOf({ type, counter }: NewOtp): { counter?: number } {
  return type === "hotp" ? { counter } : {};
}

function given({ algorithm, digits, periodSeconds, suite }: KeyWish): Partial<KeyParameters> {
  return {
    ...(suite === undefined ? {} : { suite }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(digits === undefined ? {} : { digits }),
    ...(periodSeconds === undefined ? {} : { periodSeconds }),
  };
}

export interface NewBackupCodes {
  readonly authenticator: Authenticator;
  /** As shown to the user, once. */
  readonly shown: readonly string[];
}

/** Makes the codes and hashes them, before any transaction: Argon2id takes its time. */
export async function makeBackupCodes(random: Random): Promise<NewBackupCodes> {
  const salt = random.bytes(16);
  const plain = Array.from({ length: backupCodeCount }, () => makeBackupCode(random));
  const codes: { id: number; hash: string }[] = [];
  for (const [at, code] of plain.entries())
    codes.push({ id: at + 1, hash: (await hashBackupCode(code, salt)).toBase64() });
  return {
    authenticator: {
      type: "backup-codes",
      id: random.bytes(8).toHex(),
      salt: salt.toBase64(),
      codes,
      usedIds: [],
    },
    shown: plain.map(formatBackupCode),
  };
}

/** A new set takes the place of the old one: a lost sheet of paper is worth nothing from then on. */
export async function replaceBackupCodes(
  tx: Tx,
  vault: Vault,
  user: User,
  made: NewBackupCodes,
  nowMs: number,
): Promise<void> {
  await tx
    .deleteFrom("authenticators")
    .where("userId", "=", user.id)
    .where("type", "=", "backup-codes")
    .execute();
  await add(tx, vault, user, made.authenticator, nowMs);
}

async function add(
  tx: Tx,
  vault: Vault,
  user: User,
  authenticator: Authenticator,
  nowMs: number,
): Promise<void> {
  const present = await tx.selectFrom("authenticators").select("id").where("userId", "=", user.id).execute();
  if (present.length >= mostAuthenticators)
    throw new Failure("conflict", `${user.name} has ${mostAuthenticators} authenticators; remove one first`);
  await insertAuthenticator(tx, vault, user.id, authenticator, nowMs);
  const detail = { type: authenticator.type, id: authenticator.id };
  await record(tx, serverEntry(nowMs, "authenticator-added", { user: user.name }, detail));
}

/** @throws Failure for a name that can't be one. Empty takes the name away. */
export function checkAuthenticatorName(name: string): void {
  if ([...name].length > 50 || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name) || name !== name.trim())
    throw new Failure("invalid", "a name has at most 50 characters, none of them invisible");
}

/** @throws Failure when the name can't be one, or the user has no authenticator with this id. */
export async function renameAuthenticator(
  tx: Tx,
  user: User,
  id: string,
  name: string,
  nowMs: number,
): Promise<void> {
  checkAuthenticatorName(name);
  await setName(tx, user, id, name);
  await record(tx, serverEntry(nowMs, "authenticator-renamed", { user: user.name }, { id }));
}

async function setName(tx: Tx, user: User, id: string, name: string): Promise<void> {
  const done = await tx
    .updateTable("authenticators")
    .set({ name })
    .where("userId", "=", user.id)
    .where("id", "=", id)
    .executeTakeFirst();
  if (done.numUpdatedRows === 0n) throw new Failure("not-found", `${user.name} has no authenticator "${id}"`);
}

/** @throws Failure when the user has no authenticator with this id. */
export async function removeAuthenticator(tx: Tx, user: User, id: string, nowMs: number): Promise<void> {
  const gone = await tx
    .deleteFrom("authenticators")
    .where("userId", "=", user.id)
    .where("id", "=", id)
    .returning("type")
    .executeTakeFirst();
  if (gone === undefined) throw new Failure("not-found", `${user.name} has no authenticator "${id}"`);
  await record(tx, serverEntry(nowMs, "authenticator-removed", { user: user.name }, { type: gone.type, id }));
}

/** As after the loss of everything that the user had. */
export async function removeAllAuthenticators(tx: Tx, user: User, nowMs: number): Promise<void> {
  const present = await tx
    .selectFrom("authenticators")
    .select("id")
    .where("userId", "=", user.id)
    .orderBy("id")
    .execute();
  for (const { id } of present) await removeAuthenticator(tx, user, id, nowMs);
}

export interface ListedAuthenticator {
  /** Empty: it has none. */
  readonly name: string;
  readonly createdAtMs: number;
  /** Secrets and hashes are in here: what is shown of it is chosen field by field. */
  readonly authenticator: Authenticator;
}

export async function listAuthenticators(db: Db, vault: Vault, user: User): Promise<ListedAuthenticator[]> {
  const rows = await db
    .selectFrom("authenticators")
    .select(["id", "name", "createdAtMs"])
    .where("userId", "=", user.id)
    .execute();
  const known = new Map(rows.map((row) => [row.id, row]));
  return (await authenticatorsOf(db, vault, user.id)).map((authenticator) => ({
    authenticator,
    name: known.get(authenticator.id)?.name ?? "",
    createdAtMs: known.get(authenticator.id)?.createdAtMs ?? 0,
  }));
}
