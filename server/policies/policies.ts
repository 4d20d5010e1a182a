// The policies in their order. Every stored policy is complete; a new server has only the default one, which is for
// everybody and comes last.

import * as v from "valibot";
import { defaultPolicy, type Policy, policySchema } from "../../protocol/sync/policy.ts";
import { Failure } from "../failure.ts";
import type { Db } from "../store/store.ts";
import { type Condition, everywhere } from "./matching.ts";

/** The default policy's name, which no other may bear. */
export const defaultPolicyName = "default";

export interface NamedPolicy {
  readonly name: string;
  readonly condition: Condition;
  readonly policy: Policy;
}

/** In order, the default one last. At most `mostPolicies` and that one. */
export async function listPolicies(db: Db): Promise<NamedPolicy[]> {
  const rows = await db
    .selectFrom("policies")
    .select(["name", "groupNames", "machineTags", "policy"])
    .orderBy("position")
    .orderBy("name")
    .execute();
  const all = rows.map(read);
  const last = all.find(({ name }) => name === defaultPolicyName) ?? {
    name: defaultPolicyName,
    condition: everywhere,
    policy: defaultPolicy,
  };
  return [...all.filter(({ name }) => name !== defaultPolicyName), last];
}

/** @throws Failure when there is none of this name. */
export function pick(policies: readonly NamedPolicy[], name: string): NamedPolicy {
  const found = policies.find((one) => one.name === name);
  if (found === undefined) throw new Failure("not-found", `there is no policy ${JSON.stringify(name)}`);
  return found;
}

/** @throws Error when a stored policy is no policy: nothing is decided by half of one. */
function read(row: { name: string; groupNames: string; machineTags: string; policy: string }): NamedPolicy {
  const names = v.array(v.string());
  return {
    name: row.name,
    condition: {
      groups: v.parse(names, JSON.parse(row.groupNames)),
      tags: v.parse(names, JSON.parse(row.machineTags)),
    },
    policy: v.parse(policySchema, JSON.parse(row.policy)),
  };
}

/** @throws Failure unless the text can name a group. */
export function checkGroupName(name: string): void {
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,99}$/u.test(name) || name === defaultPolicyName)
    throw new Failure(
      "invalid",
      `"${defaultPolicyName}" and names that don't begin with a letter or digit can't be a group; letters, digits, spaces and . _ @ - may follow`,
    );
}
