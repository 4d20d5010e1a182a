// Users whose entries have another name now are renamed, one by one: each ends offline use on every machine.

import type { Vault } from "../identity/vault.ts";
import type { Tx } from "../store/store.ts";
import { renameUser } from "../users/rename.ts";
import { theUserById } from "../users/users.ts";

const atOnce = 500;

/**
 * How many would be renamed, and how many users the directory has at most once all is done. To be asked before: renaming takes a
 * while for each, and nobody signs in meanwhile.
 */
export async function namesToFollow(
  tx: Tx,
  importId: string,
): Promise<{ readonly enabled: number; readonly ofAtMost: number }> {
  const lines = tx.selectFrom("importUsers").where("importId", "=", importId).where("bad", "=", 0);
  const count = async (rows: { executeTakeFirstOrThrow(): Promise<{ count: number | string | bigint }> }) =>
    Number((await rows.executeTakeFirstOrThrow()).count);
  const enabled = await count(
    lines
      .innerJoin("users", "users.id", "importUsers.userId")
      .where("importUsers.renamedFrom", "is not", null)
      .where((is) => is.or([is("importUsers.disabled", "is", null), is("importUsers.disabled", "<>", 1)]))
      .where("users.disabledAtMs", "is", null)
      .select(({ fn }) => fn.countAll().as("count")),
  );
  const known = await count(tx.selectFrom("directoryUsers").select(({ fn }) => fn.countAll().as("count")));
  const fresh = await count(
    lines
      .where("importUsers.userId", "not in", (from) => from.selectFrom("directoryUsers").select("userId"))
      .select(({ fn }) => fn.countAll().as("count")),
  );
  return { enabled, ofAtMost: known + fresh };
}

/** `enabled`: how many were not disabled, and are not to be. The names are free: that was looked at in this transaction. */
export async function followNames(
  tx: Tx,
  vault: Vault,
  importId: string,
  nowMs: number,
): Promise<{ readonly all: number; readonly enabled: number }> {
  let all = 0;
  let enabled = 0;
  let after = 0;
  for (;;) {
    const rows = await tx
      .selectFrom("importUsers")
      .where("importId", "=", importId)
      .where("bad", "=", 0)
      .where("renamedFrom", "is not", null)
      .where("line", ">", after)
      .orderBy("line")
      .limit(atOnce)
      .select(["line", "userId", "name", "disabled"])
      .execute();
    for (const { userId, name, disabled } of rows) {
      const user = await theUserById(tx, userId);
      await renameUser(tx, vault, user, name, nowMs);
      all += 1;
      if (user.disabledAtMs === null && disabled !== 1) enabled += 1;
    }
    after = rows.at(-1)?.line ?? after;
    if (rows.length < atOnce) break;
  }
  await tx
    .updateTable("importUsers")
    .set({ changed: 1 })
    .where("importId", "=", importId)
    .where("bad", "=", 0)
    .where("renamedFrom", "is not", null)
    .execute();
  return { all, enabled };
}
