// Which policy holds for whom. Every stored policy is complete; a new server has only the default one.

import * as v from "valibot";
import { defaultPolicy, type Policy, policySchema } from "../../protocol/sync/policy.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Db, Tx } from "../store/store.ts";

/** The default policy's name, which no group may bear. */
const defaultPolicyName = "default";

export interface NamedPolicy {
  readonly name: string;
  /** Null for the default policy. */
  readonly group: string | null;
  readonly priority: number;
  readonly policy: Policy;
}

/** The user's: that of the highest priority among the user's groups (the first by name among equals), else the default. */
export async function policyOfUser(db: Db, userId: string): Promise<NamedPolicy> {
  const rows = await db
    .selectFrom("policies")
    .innerJoin("userGroups", "userGroups.groupName", "policies.groupName")
    .where("userGroups.userId", "=", userId)
    .orderBy("policies.priority", "desc")
    .orderBy("policies.groupName")
    .limit(1)
    .select(["policies.groupName", "policies.priority", "policies.policy"])
    .execute();
  const row = rows[0];
  return row === undefined ? policyOfGroup(db, null) : named(row);
}

/** The default policy for null. @throws Failure when the group has none. */
export async function policyOfGroup(db: Db, group: string | null): Promise<NamedPolicy> {
  const row = await db
    .selectFrom("policies")
    .select(["groupName", "priority", "policy"])
    .where("groupName", "=", group ?? "")
    .executeTakeFirst();
  if (row !== undefined) return named(row);
  if (group !== null) throw new Failure("not-found", `there is no policy for group "${group}"`);
  return { name: defaultPolicyName, group: null, priority: 0, policy: defaultPolicy };
}

/** The default policy first, then those of groups as they are looked through. */
export async function listPolicies(db: Db): Promise<NamedPolicy[]> {
  const rows = await db
    .selectFrom("policies")
    .select(["groupName", "priority", "policy"])
    .where("groupName", "<>", "")
    .orderBy("priority", "desc")
    .orderBy("groupName")
    .execute();
  return [await policyOfGroup(db, null), ...rows.map(named)];
}

export interface PolicyChange {
  readonly group: string | null;
  readonly priority?: number | undefined;
  /** The whole new policy out of the present one. @throws Failure when the result would be none. */
  readonly change: (present: Policy) => unknown;
}

/** Takes effect at the next sign-in online, and at the next sync of each machine. A group's first policy starts as the default one. */
export async function setPolicy(tx: Tx, wish: PolicyChange, nowMs: number): Promise<NamedPolicy> {
  if (wish.group !== null) checkGroupName(wish.group);
  if (wish.group === null && wish.priority !== undefined)
    throw new Failure("invalid", "the default policy has no priority: it comes last");
  const present =
    (await listPolicies(tx)).find((known) => known.group === wish.group) ?? (await policyOfGroup(tx, null));
  const policy = v.safeParse(policySchema, wish.change(present.policy));
  if (!policy.success) {
    const path = v.getDotPath(policy.issues[0]) || "policy";
    throw new Failure("invalid", `${path}: ${policy.issues[0].message}`);
  }
  const priority = wish.priority ?? (present.group === wish.group ? present.priority : 0);
  const row = { priority, policy: JSON.stringify(policy.output), updatedAtMs: nowMs };
  await tx
    .insertInto("policies")
    .values({ groupName: wish.group ?? "", ...row })
    .onConflict((conflict) => conflict.column("groupName").doUpdateSet(row))
    .execute();
  const result = named({ groupName: wish.group ?? "", ...row });
  await record(tx, serverEntry(nowMs, "policy-changed", {}, { policy: result.name, priority }));
  return result;
}

/** @throws Failure when the group has no policy. */
export async function removePolicy(tx: Tx, group: string, nowMs: number): Promise<void> {
  const gone = await tx
    .deleteFrom("policies")
    .where("groupName", "=", group)
    .where("groupName", "<>", "")
    .executeTakeFirst();
  if (gone.numDeletedRows === 0n) throw new Failure("not-found", `there is no policy for group "${group}"`);
  await record(tx, serverEntry(nowMs, "policy-removed", {}, { policy: group }));
}

/** @throws Failure unless the text can name a group. */
export function checkGroupName(name: string): void {
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,99}$/u.test(name) || name === defaultPolicyName)
    throw new Failure(
      "invalid",
      `"${defaultPolicyName}" and names that don't begin with a letter or digit can't be a group; letters, digits, spaces and . _ @ - may follow`,
    );
}

/** @throws Error when a stored policy is no policy: nothing is decided by half of one. */
function named(row: { groupName: string; priority: number; policy: string }): NamedPolicy {
  return {
    name: row.groupName === "" ? defaultPolicyName : row.groupName,
    group: row.groupName === "" ? null : row.groupName,
    priority: row.priority,
    policy: v.parse(policySchema, JSON.parse(row.policy)),
  };
}
