// Join tokens: made here, shown once; only the key to check a proof with is kept, sealed.

import { formatJoinToken, joinProofKey, joinTokenId } from "../../protocol/sync/join-token.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import type { Db, Tx } from "../store/store.ts";
import { checkTags } from "./tags.ts";

export interface NewJoinToken {
  readonly serverFingerprint: Uint8Array;
  readonly uses: number;
  readonly expiresAtMs: number;
  /** What machines that join with it are tagged with. */
  readonly tags?: readonly string[] | undefined;
}

/** The token's text, which nothing can bring back later. */
export async function createJoinToken(
  tx: Tx,
  vault: Vault,
  wish: NewJoinToken,
  random: Random,
  nowMs: number,
): Promise<string> {
  const secret = random.bytes(16);
  const id = joinTokenId(secret);
  const { uses, expiresAtMs } = wish;
  const tags = checkTags(wish.tags ?? []);
  await tx
    .insertInto("joinTokens")
    .values({
      id,
      sealedProofKey: vault.seal({ table: "join_tokens", id }, joinProofKey(secret)),
      uses,
      usesLeft: uses,
      createdAtMs: nowMs,
      expiresAtMs,
      tags: JSON.stringify(tags),
    })
    .execute();
  await record(tx, serverEntry(nowMs, "join-token-created", {}, { tokenId: id, uses, tags }));
  return formatJoinToken({ secret, serverFingerprint: wish.serverFingerprint });
}

export interface ListedJoinToken {
  readonly id: string;
  readonly uses: number;
  readonly usesLeft: number;
  readonly createdAtMs: number;
  /** The first moment at which it is no longer good. */
  readonly expiresAtMs: number;
  readonly tags: readonly string[];
}

export async function listJoinTokens(db: Db): Promise<ListedJoinToken[]> {
  const rows = await db
    .selectFrom("joinTokens")
    .select(["id", "uses", "usesLeft", "createdAtMs", "expiresAtMs", "tags"])
    .orderBy("createdAtMs")
    .orderBy("id")
    .execute();
  return rows.map((row) => ({ ...row, tags: JSON.parse(row.tags) }));
}

/** Nobody joins with it any more; machines that have stay. @throws Failure when there is no such token. */
export async function removeJoinToken(tx: Tx, id: string, nowMs: number): Promise<void> {
  const gone = await tx.deleteFrom("joinTokens").where("id", "=", id).executeTakeFirst();
  if (gone.numDeletedRows === 0n) throw new Failure("not-found", "there is no such join token");
  await record(tx, serverEntry(nowMs, "join-token-removed", {}, { tokenId: id }));
}
