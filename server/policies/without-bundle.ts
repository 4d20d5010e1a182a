// What a machine has to know about users it has no bundle of: the policy for everybody there, and who has another one.

import type { MachinePolicy } from "../../protocol/sync/documents.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import { kinds } from "../../words/kind.ts";
import type { Db } from "../store/store.ts";
import { usersUnder } from "./applicable.ts";
import type { NamedPolicy } from "./policies.ts";

export type Says = Pick<MachinePolicy, "policy" | "policyName" | "ofUsers">;

/** What fits into one document, and is not a burden on every sync. */
const most = { policies: 50, users: 10_000, bytes: 150_000 };

/**
 * Users are named only under policies that say something else where no bundle is there. Where not all of them fit, the
 * policy for everybody else becomes as strict as theirs: whom there is no room for is asked, and let in with the server only.
 */
export async function withoutBundle(db: Db, here: readonly NamedPolicy[]): Promise<Says> {
  const last = here.at(-1);
  if (last === undefined) throw new Error("no policy is for everybody");
  const ofUsers: Says["ofUsers"] = [];
  const unnamed: Policy[] = [];
  const left = { ...most };
  for (const [index, { name, policy }] of here.entries()) {
    if (index === here.length - 1 || saysTheSame(policy, last.policy)) continue;
    // One more than there is room for tells whether all were named.
    const found = await usersUnder(db, here, index, left.users + 1);
    if (found.length === 0) continue;
    const users: string[] = [];
    left.bytes -= bytesOf({ name, policy });
    for (const user of found) {
      left.bytes -= bytesOf(user);
      if (left.bytes < 0 || left.policies === 0 || users.length === left.users) break;
      users.push(user);
    }
    left.users -= users.length;
    if (users.length < found.length) unnamed.push(policy);
    if (users.length === 0) continue;
    left.policies -= 1;
    ofUsers.push({ policyName: name, policy, users });
  }
  return { policy: asStrictAs(last.policy, unnamed), policyName: last.name, ofUsers };
}

/** Whether two policies come to the same for somebody who is not enrolled. */
function saysTheSame(one: Policy, other: Policy): boolean {
  const said = ({ mfa, scope, unreachable, online, pin }: Policy) =>
    JSON.stringify([mfa, [...scope].sort(), unreachable, online, pin.place]);
  return said(one) === said(other);
}

function asStrictAs(policy: Policy, others: readonly Policy[]): Policy {
  const all = [policy, ...others];
  const asked = all.filter(({ mfa }) => mfa === "required");
  return {
    ...policy,
    mfa: asked.length > 0 ? "required" : "exempt",
    scope:
      others.length === 0
        ? policy.scope
        : kinds.filter((kind) => asked.some(({ scope }) => scope.includes(kind))),
    unreachable: asked.some(({ unreachable }) => unreachable === "deny") ? "deny" : policy.unreachable,
  };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value), "utf8") + 20;
}
