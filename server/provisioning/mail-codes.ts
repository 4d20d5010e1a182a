// Codes that are mailed: eight digits, good for ten minutes, five tries and one use, and only in the browser that asked for
// them. For a name that nobody has, or whose user gets none, a row is made all the same: it takes as long, looks the
// same from outside, and no code is right for it.

import { createHash } from "node:crypto";
import { minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { Vault } from "../identity/vault.ts";
import type { Tx } from "../store/store.ts";

export type MailCodePurpose = "sign-in" | "first-authenticator" | "address";

const digits = 8;
const mostFailures = 5;
export const mailCodeMinutes = 10;

export interface MailCodeWish {
  /** Undefined: nobody gets it. */
  readonly userId: string | undefined;
  readonly purpose: MailCodePurpose;
  readonly detail: string;
  /** Of who is signed in: there alone it is right, and it ends with it. */
  readonly sessionHash?: string;
}

export interface NewMailCode {
  /** What the browser keeps until the code is typed. */
  readonly id: string;
  /** To be mailed in the same transaction. */
  readonly code: string;
}

/** Those that run already go on: else whoever knows a name could end them. How many are sent is the asker's to bound. */
export async function createMailCode(
  tx: Tx,
  vault: Vault,
  wish: MailCodeWish,
  random: Random,
  nowMs: number,
): Promise<NewMailCode> {
  const { userId, purpose, detail, sessionHash = null } = wish;
  const id = random.bytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
  const code = makeCode(random);
  const idHash = hashOf(id);
  await tx
    .insertInto("mailCodes")
    .values({
      idHash,
      userId: userId ?? null,
      purpose,
      detail,
      sessionHash,
      codeDigest: digestOf(vault, idHash, code),
      failures: 0,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + mailCodeMinutes * minuteMs,
    })
    .execute();
  return { id, code };
}

export interface RightMailCode {
  readonly userId: string;
  readonly detail: string;
}

/** Undefined for a wrong code; each counts. A right one is good until it is spent. */
export async function judgeMailCode(
  tx: Tx,
  vault: Vault,
  id: string,
  purpose: MailCodePurpose,
  typed: string,
  nowMs: number,
  sessionHash: string | null = null,
): Promise<RightMailCode | undefined> {
  const idHash = hashOf(id);
  const row = await tx
    .selectFrom("mailCodes")
    .select(["userId", "detail", "codeDigest", "failures"])
    .where("idHash", "=", idHash)
    .where("purpose", "=", purpose)
    .where("sessionHash", sessionHash === null ? "is" : "=", sessionHash)
    .where("expiresAtMs", ">", nowMs)
    .where("failures", "<", mostFailures)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  // Digests of 256 bits under a key of the server: that they are compared as texts tells nothing.
  const right = row.codeDigest === digestOf(vault, idHash, typed.replaceAll(/[\s-]/g, ""));
  if (!right || row.userId === null) {
    await countMailFailure(tx, id);
    return undefined;
  }
  return { userId: row.userId, detail: row.detail };
}

/** The user's running ones of this purpose. */
export async function endMailCodesOf(tx: Tx, userId: string, purpose: MailCodePurpose): Promise<void> {
  await tx
    .updateTable("mailCodes")
    .set({ expiresAtMs: 0 })
    .where("userId", "=", userId)
    .where("purpose", "=", purpose)
    .execute();
}

/** Once everything else is right, too. */
export async function spendMailCode(tx: Tx, id: string): Promise<void> {
  await tx.updateTable("mailCodes").set({ expiresAtMs: 0 }).where("idHash", "=", hashOf(id)).execute();
}

/** A try that failed for another reason than this code: it gives no more tries than a wrong one. */
export async function countMailFailure(tx: Tx, id: string): Promise<void> {
  await tx
    .updateTable("mailCodes")
    .set((expression) => ({ failures: expression("failures", "+", 1) }))
    .where("idHash", "=", hashOf(id))
    .execute();
}

/** Eight digits, without modulo bias. */
export function makeCode(random: Random): string {
  const most = 10 ** digits;
  for (;;) {
    const number = Buffer.from(random.bytes(4)).readUInt32BE();
    if (number < Math.floor(2 ** 32 / most) * most) return String(number % most).padStart(digits, "0");
  }
}

function digestOf(vault: Vault, idHash: string, code: string): string {
  return vault.digest(["nightlatch/mail-code/1", idHash, code]);
}

function hashOf(id: string): string {
  return createHash("sha256").update(id, "utf8").digest("base64");
}
