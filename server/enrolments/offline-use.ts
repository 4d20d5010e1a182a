// Whether a user can sign in offline at all, and with what. Pure.

import { looksLikeChance } from "../../otp/pin-lock.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Factors, Policy } from "../../protocol/sync/policy.ts";
import { isMachineSeed } from "../authenticators/machine-seed.ts";
import type { Pin } from "../pins/pins.ts";

/**
 * Those that some offline question takes: the only ones that leave the server. Where each machine has a seed, that one
 * stands for all of the user's own but the backup codes, which are hashes. Where policy asks for a PIN, seeds leave under the
 * user's PIN or not at all; nor do those that would tell a right PIN by what they look like.
 */
export function offlineAuthenticators(
  policy: Policy,
  all: readonly Authenticator[],
  pin: Pin | undefined,
): Authenticator[] {
  const types = new Set(policy.offline.factors.flat());
  const leaves = (authenticator: Authenticator) =>
    isMachineSeed(authenticator) === (policy.seeds === "per-machine") ||
    authenticator.type === "backup-codes";
  const hides = (authenticator: Authenticator) =>
    policy.pin.place === "none" ||
    authenticator.type === "backup-codes" ||
    (pin !== undefined && looksLikeChance(Buffer.from(authenticator.secret, "base64")));
  return all.filter((one) => types.has(one.type) && leaves(one) && hides(one));
}

/**
 * Offline days are allowed, and every offline question can be answered. A machine's seed is not enough for a user whose
 * last own authenticator was taken away, as after the loss of a phone.
 */
export function mayUseOffline(policy: Policy, all: readonly Authenticator[], pin: Pin | undefined): boolean {
  const offline = offlineAuthenticators(policy, all, pin);
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
