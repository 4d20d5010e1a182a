// Who may add authenticators by themselves.

import { unreachable } from "../../words/unreachable.ts";
import { readSetting } from "../settings/settings.ts";
import type { Db } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { type Provisioning, provisioningSetting } from "./provisioning-setting.ts";

export function isPermitted(
  { who, groups }: Pick<Provisioning, "who" | "groups">,
  groupsOfUser: readonly string[],
): boolean {
  const member = groupsOfUser.some((group) => groups.includes(group));
  switch (who) {
    case "nobody":
      return false;
    case "everybody":
      return true;
    case "groups":
      return member;
    case "all-but-groups":
      return !member;
    default:
      return unreachable(who);
  }
}

/** As of now: whoever asks again later may hear something else. */
export async function mayProvision(db: Db, userId: string): Promise<boolean> {
  const setting = await readSetting(db, provisioningSetting);
  const rows = await db.selectFrom("userGroups").select("groupName").where("userId", "=", userId).execute();
  return isPermitted(
    setting,
    rows.map(({ groupName }) => groupName),
  );
}

/** Whoever has an authenticator proves that one, in the portal. */
export async function mayEarnInvitation(db: Db, user: User): Promise<boolean> {
  if (user.disabledAtMs !== null || !(await mayProvision(db, user.id))) return false;
  const own = await db
    .selectFrom("authenticators")
    .select("id")
    .where("userId", "=", user.id)
    .limit(1)
    .executeTakeFirst();
  return own === undefined;
}
