// Which policy holds for a user on a machine.

import { tagsOf } from "../machines/tags.ts";
import type { Db } from "../store/store.ts";
import { firstFor, onMachine } from "./matching.ts";
import { listPolicies, type NamedPolicy } from "./policies.ts";

/**
 * Those that can hold on a machine, in order; the last one is for everybody. Null: no machine, as when an authenticator is
 * made; what is for tagged machines only does not hold there.
 */
export async function policiesOn(db: Db, machineId: string | null): Promise<readonly NamedPolicy[]> {
  const tags = machineId === null ? [] : await tagsOf(db, machineId);
  return onMachine(await listPolicies(db), tags);
}

/** The user's, of those that `policiesOn` gave. Null: somebody the server doesn't know, who is in no group. */
export async function policyAmong(
  db: Db,
  here: readonly NamedPolicy[],
  userId: string | null,
): Promise<NamedPolicy> {
  const groups = userId === null || here.length < 2 ? [] : await groupsOf(db, userId);
  return firstFor(here, groups);
}

export async function policyOf(
  db: Db,
  where: { readonly userId: string | null; readonly machineId: string | null },
): Promise<NamedPolicy> {
  return policyAmong(db, await policiesOn(db, where.machineId), where.userId);
}

/** The names of enabled users who have the policy at `index` of those that can hold on a machine, by name. */
export async function usersUnder(
  db: Db,
  here: readonly NamedPolicy[],
  index: number,
  most: number,
): Promise<string[]> {
  const groups = here[index]?.condition.groups ?? [];
  const earlier = here.slice(0, index).flatMap(({ condition }) => condition.groups);
  let query = db.selectFrom("users").select("name").where("disabledAtMs", "is", null);
  if (groups.length > 0)
    query = query.where("id", "in", (nested) =>
      nested.selectFrom("userGroups").select("userId").where("groupName", "in", groups),
    );
  if (earlier.length > 0)
    query = query.where("id", "not in", (nested) =>
      nested.selectFrom("userGroups").select("userId").where("groupName", "in", earlier),
    );
  return (await query.orderBy("name").limit(most).execute()).map(({ name }) => name);
}

async function groupsOf(db: Db, userId: string): Promise<string[]> {
  const rows = await db.selectFrom("userGroups").select("groupName").where("userId", "=", userId).execute();
  return rows.map(({ groupName }) => groupName);
}
