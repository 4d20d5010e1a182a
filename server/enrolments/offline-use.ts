// Whether a user can sign in offline at all, and with what. Pure.

import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Factors, Policy } from "../../protocol/sync/policy.ts";

/** Those that some offline question takes: the only ones that leave the server. */
export function offlineAuthenticators(policy: Policy, all: readonly Authenticator[]): Authenticator[] {
  const types = new Set(policy.offline.factors.flat());
  return all.filter((authenticator) => types.has(authenticator.type));
}

/** Offline days are allowed, and every offline question can be answered. */
export function mayUseOffline(policy: Policy, all: readonly Authenticator[]): boolean {
  return policy.mfa === "required" && policy.offline.days > 0 && canAnswer(policy.offline.factors, all);
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
