// Leases: begun by an online MFA, never lengthened, shortened when the policy asks for less. Pure.

import type { Lease } from "../../protocol/sync/documents.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import { dayMs } from "../../words/clock.ts";

/** A fresh lease, as of the moment of the online MFA. */
export function beginLease(id: string, policy: Policy, mfaAtMs: number): Lease {
  return {
    id,
    startedAtMs: mfaAtMs,
    expiresAtMs: mfaAtMs + policy.offline.days * dayMs,
    signIns: policy.offline.signIns,
  };
}

/** The lease under today's policy: in neither days nor sign-ins more than it was. */
export function shortenLease(lease: Lease, policy: Policy): Lease {
  return {
    ...lease,
    expiresAtMs: Math.min(lease.expiresAtMs, lease.startedAtMs + policy.offline.days * dayMs),
    signIns: fewer(lease.signIns, policy.offline.signIns),
  };
}

/** Null stands for no limit. */
function fewer(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
