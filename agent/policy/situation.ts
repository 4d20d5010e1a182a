// What a sign-in is decided by, and what it is called.

import type { MachinePolicy } from "../../protocol/sync/documents.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import type { Kind } from "../../words/kind.ts";
import type { CallerClass, OpenBundle, Standing } from "./standing.ts";
import type { TrustedTime } from "./trusted-time.ts";

export interface Enrolled {
  readonly standing: Standing;
  readonly open: OpenBundle;
}

/** All that a sign-in is decided by, as of one moment. */
export interface Situation {
  readonly time: TrustedTime;
  readonly machine: MachinePolicy;
  /** `damaged`: there is an enrolment that can't be read; only an online MFA helps. */
  readonly enrolled: Enrolled | "none" | "damaged";
  /** The server has taken this user off this machine: being unknown here is not the same. */
  readonly revoked: boolean;
}

export interface PolicyInForce {
  readonly name: string;
  readonly policy: Policy;
}

/** That of the user's bundle; without one, what the machine's policy says of the user, else of everybody. */
export function policyInForce({ enrolled, machine }: Situation, user: string): PolicyInForce {
  if (typeof enrolled !== "string") {
    const { policyName, policy } = enrolled.open.bundle;
    return { name: policyName, policy };
  }
  const own = machine.ofUsers.find(({ users }) => users.includes(user)) ?? machine;
  return { name: own.policyName, policy: own.policy };
}

/** Who wants in, and how; `user` is the server's name. */
export interface Attempt {
  readonly user: string;
  readonly kind: Kind;
  readonly service: string;
  readonly caller: CallerClass;
}

/** Offline judgement is impossible now, whatever the answers. */
export interface Undecided {
  readonly verdict: "unavailable";
  readonly reason: "not-enrolled" | "damaged" | "time-turned-back";
}
