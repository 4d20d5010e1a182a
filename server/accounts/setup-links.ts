// One-time links with which somebody sets a password and, having none, a first authenticator. The link is a secret: only
// its hash is kept, a newer one ends it, and using it does.

import { createHash } from "node:crypto";
import { hourMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { OtpAuthenticator } from "../authenticators/manage.ts";
import type { Vault } from "../identity/vault.ts";
import type { Db, Tx } from "../store/store.ts";
import { findUser, type User } from "../users/users.ts";

export const setupHours = 24;
const seedBytes = 20;

/** Where the link leads, under the server's address. */
export const setupPath = "/set-up";

/** The secret that the link carries. */
export async function createSetupLink(
  tx: Tx,
  vault: Vault,
  user: User,
  hours: number,
  random: Random,
  nowMs: number,
): Promise<string> {
  const secret = random.bytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
  const idHash = hashOf(secret);
  const expiresAtMs = nowMs + hours * hourMs;
  await tx.deleteFrom("setupLinks").where("userId", "=", user.id).execute();
  const sealedSeed = vault.seal({ table: "setup_links", id: idHash }, random.bytes(seedBytes));
  await tx
    .insertInto("setupLinks")
    .values({ idHash, userId: user.id, sealedSeed, createdAtMs: nowMs, expiresAtMs })
    .execute();
  await record(tx, serverEntry(nowMs, "setup-link-created", { user: user.name }, { hours }));
  return secret;
}

export interface SetupLink {
  readonly idHash: string;
  readonly user: User;
  /** What the page offers to somebody who has no authenticator: the same as often as the page is opened. */
  readonly offered: OtpAuthenticator & { readonly type: "totp" };
}

/** Undefined for one that is unknown, used, too old, or of a user who is disabled. */
export async function findSetupLink(
  db: Db,
  vault: Vault,
  secret: string,
  nowMs: number,
): Promise<SetupLink | undefined> {
  const idHash = hashOf(secret.slice(0, 100));
  const row = await db
    .selectFrom("setupLinks")
    .innerJoin("users", "users.id", "setupLinks.userId")
    .select(["users.name", "setupLinks.sealedSeed"])
    .where("idHash", "=", idHash)
    .where("expiresAtMs", ">", nowMs)
    .where("users.disabledAtMs", "is", null)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const user = await findUser(db, row.name);
  if (user === undefined) return undefined;
  const seed = vault.open({ table: "setup_links", id: idHash }, row.sealedSeed);
  return {
    idHash,
    user,
    offered: {
      type: "totp",
      id: "offered",
      secret: seed.toBase64(),
      algorithm: "sha1",
      digits: 6,
      periodSeconds: 30,
      lastStep: null,
    },
  };
}

export async function spendSetupLink(tx: Tx, link: SetupLink): Promise<void> {
  await tx.deleteFrom("setupLinks").where("idHash", "=", link.idHash).execute();
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret, "utf8").digest("base64");
}
