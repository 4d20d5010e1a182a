// A user goes, for a while or for good: offline use, and whatever was on its way to them, ends with the same commit.

import { keepAnAdmin } from "../accounts/accounts.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { endAllOfUser } from "../enrolments/enrolments.ts";
import { revokeFormerNames } from "../machines/former-names.ts";
import { endSessionsOf } from "../sessions/sessions.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "./users.ts";
import { withdrawFrom } from "./withdraw.ts";

/** @throws Failure for the only admin who can sign in. */
export async function disableUser(tx: Tx, signingKey: Uint8Array, user: User, nowMs: number): Promise<void> {
  await keepAnAdmin(tx, user);
  await tx
    .updateTable("users")
    .set({ disabledAtMs: user.disabledAtMs ?? nowMs })
    .where("id", "=", user.id)
    .execute();
  await endSessionsOf(tx, user.id);
  const linksWithdrawn = await withdrawFrom(tx, user.id);
  const enrolments = await endAllOfUser(tx, signingKey, user, "user-disabled", nowMs);
  await revokeFormerNames(tx, signingKey, user.id, nowMs);
  await record(tx, serverEntry(nowMs, "user-disabled", { user: user.name }, { enrolments, linksWithdrawn }));
}

/** With all authenticators. The audit keeps the name. @throws Failure for the only admin who can sign in. */
export async function removeUser(tx: Tx, signingKey: Uint8Array, user: User, nowMs: number): Promise<void> {
  await keepAnAdmin(tx, user);
  const enrolments = await endAllOfUser(tx, signingKey, user, "user-removed", nowMs);
  await revokeFormerNames(tx, signingKey, user.id, nowMs);
  await tx.deleteFrom("users").where("id", "=", user.id).execute();
  await record(tx, serverEntry(nowMs, "user-removed", { user: user.name }, { enrolments }));
}
