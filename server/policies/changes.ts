// What an admin may do to the policies: each change is planned on the list alone, so that it can be looked at before it
// is made (`preview.ts`), and then written as it was planned.

import * as v from "valibot";
import { type Policy, policySchema } from "../../protocol/sync/policy.ts";
import { unreachable } from "../../words/unreachable.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import { checkMachineTag } from "../machines/tag-name.ts";
import type { Tx } from "../store/store.ts";

import { everywhere } from "./matching.ts";
import { checkGroupName, defaultPolicyName, listPolicies, type NamedPolicy, pick } from "./policies.ts";

export type PolicyChange =
  | {
      /** Changes a policy, or makes one: a new one starts as a copy of the default, for everybody, in the last place but the default's. */
      readonly do: "set";
      readonly name: string;
      /** Replaces the condition's groups, or tags; undefined leaves them. */
      readonly groups?: readonly string[] | undefined;
      readonly tags?: readonly string[] | undefined;
      /** From 1, which is asked first. */
      readonly position?: number | undefined;
      /** The whole new policy out of the present one. */
      readonly settings: (present: Policy) => unknown;
    }
  | { readonly do: "move"; readonly name: string; readonly position: number }
  | { readonly do: "remove"; readonly name: string };

export const mostPolicies = 200;
const mostInCondition = 100;

/** Takes effect at the next sign-in online, and at the next sync of each machine. @throws Failure, and changes nothing. */
export async function changePolicies(tx: Tx, change: PolicyChange, nowMs: number): Promise<NamedPolicy[]> {
  const before = await listPolicies(tx);
  const after = planChange(before, change);
  await write(tx, before, after, nowMs);
  const kind = { set: "policy-changed", move: "policy-moved", remove: "policy-removed" }[change.do];
  const { name } = change;
  const position = positionOf(after, name);
  await record(tx, serverEntry(nowMs, kind, {}, { policy: name, position }));
  return after;
}

/** The list as it would be. @throws Failure. */
export function planChange(before: readonly NamedPolicy[], change: PolicyChange): NamedPolicy[] {
  switch (change.do) {
    case "set":
      return planSet(before, change);
    case "move":
      return place(before, pick(before, change.name), change.position);
    case "remove": {
      if (change.name === defaultPolicyName)
        throw new Failure("invalid", "the default policy stays: it is what holds when no other does");
      const gone = pick(before, change.name);
      return before.filter((one) => one !== gone);
    }
    default:
      return unreachable(change);
  }
}

function planSet(before: readonly NamedPolicy[], change: PolicyChange & { do: "set" }): NamedPolicy[] {
  const { name, position } = change;
  const present = before.find((one) => one.name === name);
  const basis = present ?? pick(before, defaultPolicyName);
  const { condition } = present ?? { condition: everywhere };
  const groups = unique(change.groups ?? condition.groups);
  const tags = unique(change.tags ?? condition.tags);
  if (present === undefined) checkPolicyName(name);
  if (present === undefined && before.length > mostPolicies)
    throw new Failure("conflict", `there are ${mostPolicies} policies; remove one first`);
  if (name === defaultPolicyName && groups.length + tags.length > 0)
    throw new Failure("invalid", "the default policy is for everybody on every machine");
  if (groups.length > mostInCondition || tags.length > mostInCondition)
    throw new Failure("invalid", `a policy names at most ${mostInCondition} groups and as many tags`);
  for (const group of groups) checkGroupName(group);
  for (const tag of tags) checkMachineTag(tag);
  const policy = v.safeParse(policySchema, change.settings(basis.policy));
  if (!policy.success) {
    const [issue] = policy.issues;
    throw new Failure("invalid", `${v.getDotPath(issue) || "policy"}: ${inWords(issue.message)}`);
  }
  const next = { name, condition: { groups, tags }, policy: policy.output };
  const list =
    present === undefined
      ? [...before.slice(0, -1), next, ...before.slice(-1)]
      : before.map((one) => (one === present ? next : one));
  return position === undefined ? list : place(list, next, position);
}

/** The schema library's own sentence about a word that is none of a list; every other one is ours. */
function inWords(message: string): string {
  const found = /^Invalid type: Expected \((.*)\) but received (.*)$/s.exec(message);
  return found === null ? message : `give ${found[1]?.replaceAll(" | ", " or ")}, not ${found[2]}`;
}

function place(before: readonly NamedPolicy[], moved: NamedPolicy, position: number): NamedPolicy[] {
  if (moved.name === defaultPolicyName) throw new Failure("invalid", "the default policy comes last");
  const others = before.filter((one) => one !== moved);
  if (!Number.isInteger(position) || position < 1 || position > others.length)
    throw new Failure("invalid", `a position is a whole number from 1 to ${others.length}`);
  return others.toSpliced(position - 1, 0, moved);
}

/** Null for the default policy, and for one that is not there. */
export function positionOf(policies: readonly NamedPolicy[], name: string): number | null {
  const at = policies.findIndex((one) => one.name === name);
  return at === -1 || name === defaultPolicyName ? null : at + 1;
}

async function write(
  tx: Tx,
  before: readonly NamedPolicy[],
  after: readonly NamedPolicy[],
  updatedAtMs: number,
): Promise<void> {
  for (const { name } of before)
    if (after.every((one) => one.name !== name))
      await tx.deleteFrom("policies").where("name", "=", name).execute();
  for (const [at, one] of after.entries()) {
    if (before[at] === one) continue;
    const row = {
      position: at + 1,
      groupNames: JSON.stringify(one.condition.groups),
      machineTags: JSON.stringify(one.condition.tags),
      policy: JSON.stringify(one.policy),
      updatedAtMs,
    };
    await tx
      .insertInto("policies")
      .values({ name: one.name, ...row })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
      .execute();
  }
}

function checkPolicyName(name: string): void {
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,99}$/u.test(name))
    throw new Failure(
      "invalid",
      "a policy's name begins with a letter or digit and has at most 100 letters, digits, spaces and . _ @ -",
    );
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
