// How much offline use is left. Pure. The edges: the sign-in at the last millisecond before `expiresAtMs` is good, the
// one at it is not; the last of `signIns` is good, the one after it is not.

import type { Lease } from "../../protocol/sync/documents.ts";
import { dayMs } from "../../words/clock.ts";

export type LeaseProblem = "lease-expired" | "lease-not-begun" | "sign-ins-used-up";

/** The server's clock and ours may differ by so much when a lease begins. */
const beginToleranceMs = 5 * 60_000;

export function leaseProblem(lease: Lease, signInsUsed: number, nowMs: number): LeaseProblem | undefined {
  if (nowMs >= lease.expiresAtMs) return "lease-expired";
  if (nowMs < lease.startedAtMs - beginToleranceMs) return "lease-not-begun";
  if (lease.signIns !== null && signInsUsed >= lease.signIns) return "sign-ins-used-up";
  return undefined;
}

export interface LeaseLeft {
  /**
   * Whole days, rounded up: "1 day left" is true until the end. Never more than the lease ever had, which a clock a moment
   * behind the server's would make of it.
   */
  readonly days: number;
  /** Null: not limited by number. */
  readonly signIns: number | null;
}

export function leaseLeft(lease: Lease, signInsUsed: number, nowMs: number): LeaseLeft {
  const leftMs = Math.min(lease.expiresAtMs - nowMs, lease.expiresAtMs - lease.startedAtMs);
  return {
    days: Math.max(0, Math.ceil(leftMs / dayMs)),
    signIns: lease.signIns === null ? null : Math.max(0, lease.signIns - signInsUsed),
  };
}
