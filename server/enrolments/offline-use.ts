// Whether a user can sign in offline at all, and with what. Pure.

import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Factors, Policy } from "../../protocol/sync/policy.ts";
import { isMachineSeed } from "../authenticators/machine-seed.ts";

/**
 * Those that some offline question takes: the only ones that leave the server. Where each machine has a seed, that one
 * stands for all of the user's own but the backup codes, which are hashes.
 */
export function offlineAuthenticators(policy: Policy, all: readonly Authenticator[]): Authenticator[] {
  const types = new Set(policy.offline.factors.flat());
  const leaves = (authenticator: Authenticator) =>
    isMachineSeed(authenticator) === (policy.seeds === "per-machine") ||
    authenticator.type === "backup-codes";
  return all.filter((authenticator) => types.has(authenticator.type) && leaves(authenticator));
}

/**
 * Offline days are allowed, and every offline question can be answered. A machine's seed is not enough for a user whose
 * last own authenticator was taken away, as after the loss of a phone.
 */
export function mayUseOffline(policy: Policy, all: readonly Authenticator[]): boolean {
  const offline = offlineAuthenticators(policy, all);
  const allowed = policy.mfa === "required" && policy.offline.days > 0;
  return allowed && !all.every(isMachineSeed) && canAnswer(policy.offline.factors, offline);
}

/** True when each question finds an authenticator of its own: none answers two questions of one sign-in. */
function canAnswer(questions: Factors, authenticators: readonly Authenticator[]): boolean {
  const [question, ...rest] = questions;
  if (question === undefined) return true;
  return authenticators.some(
    (candidate) =>
      question.includes(candidate.type) &&
      canAnswer(
        rest,
        authenticators.filter((other) => other !== candidate),
      ),
  );
}
