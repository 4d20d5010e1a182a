// A fresh bundle on top of what has happened here. Never un-spends, never counts a used sign-in back. Pure.

import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { Bundle } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { maxSpent } from "../../protocol/sync/exchanges.ts";
import { noFailures } from "./lockout.ts";
import { laterSpent, newStanding, type OpenBundle, type Standing } from "./standing.ts";

export type BundleRefusal = "older-bundle" | "revoked-bundle" | "other-machine" | "other-user";

/**
 * Whether a bundle may be taken at all: its serial must be higher than that of the bundle held and of the last
 * revocation of this user, so that neither an old response nor a replayed one brings anything back.
 */
export function bundleRefusal(
  bundle: Bundle,
  held: {
    readonly machine: string;
    readonly user: string;
    readonly serial: number;
    readonly revokedSerial: number;
  },
): BundleRefusal | undefined {
  if (bundle.machine !== held.machine) return "other-machine";
  if (bundle.user !== held.user) return "other-user";
  if (bundle.serial <= held.revokedSerial) return "revoked-bundle";
  if (bundle.serial <= held.serial) return "older-bundle";
  return undefined;
}

/** The later of both words on each authenticator: what was spent here once, under whatever bundle, stays spent. */
export function keepSpent(standing: Standing, earlier: readonly Spent[]): Standing {
  const spent = standing.spent.map((one) => {
    const before = earlier.find((word) => word.id === one.id);
    return laterSpent(one, before);
  });
  const leftOut = earlier.filter((word) => standing.spent.every((one) => one.id !== word.id));
  return { ...standing, spent: [...spent, ...leftOut].slice(0, maxSpent) };
}

/**
 * The next standing. A new lease (only an online MFA brings one) starts the counts anew; the same lease keeps them. What is
 * spent of an authenticator that the bundle leaves out is kept: a policy can bring it back.
 */
export function mergeBundle(
  before: Standing | undefined,
  user: string,
  document: SignedDocument,
  open: OpenBundle,
  nowMs: number,
): Standing {
  const fresh = newStanding(user, document, open, nowMs);
  if (before === undefined) return fresh;
  const sameLease = before.leaseId === open.bundle.lease.id;
  return {
    ...keepSpent(fresh, before.spent),
    enrolledAtMs: before.enrolledAtMs,
    signInsUsed: sameLease ? before.signInsUsed : 0,
    guesses: sameLease ? before.guesses : { system: 0, self: 0 },
    failures: sameLease ? before.failures : { system: noFailures, self: before.failures.self },
    grace: before.grace,
    helpDesk: before.helpDesk,
  };
}
