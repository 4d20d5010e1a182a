// Whom the help desk may let in again. Whoever has a role is an admin's to help: else the caller who fools the help desk
// comes by more power than the help desk has.

import { Failure } from "../failure.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { accountOf } from "./accounts.ts";
import type { Role } from "./roles.ts";

export function mayHelp(helper: Role, helped: Role): boolean {
  return helper === "admin" || (helper === "help-desk" && helped === "none");
}

/** @throws Failure unless `helper` may. */
export async function checkMayHelp(tx: Tx, helper: Role, user: User): Promise<void> {
  if (mayHelp(helper, (await accountOf(tx, user.id)).role)) return;
  throw new Failure("conflict", `only an admin can do this: ${user.name} has a role here`);
}
