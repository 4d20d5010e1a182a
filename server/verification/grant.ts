// What comes with a granted sign-in: a bundle for offline use, or leave to ask for one.

import type { Random } from "../../words/random.ts";
import { mayShowSeed } from "../authenticators/seed-at-sign-in.ts";
import { type BundleIssuer, issueBundle } from "../enrolments/bundle.ts";
import { enrolUser, rememberDialogue } from "../enrolments/enrol.ts";
import { type Enrolment, endEnrolment } from "../enrolments/enrolments.ts";
import { mayUseOffline } from "../enrolments/offline-use.ts";
import { offlinePin } from "../pins/judge-pin.ts";
import type { Tx } from "../store/store.ts";
import type { Result, SignIn } from "./sign-in.ts";

export type Issuer = BundleIssuer & { readonly random: Random };

/**
 * `bySeed`: with a code of the machine's own seed, which lies on that machine. It lets in there, so that nobody has to
 * know whether the server is in reach; but no new lease begins, or a stolen machine could renew its own for ever.
 */
export async function grant(
  tx: Tx,
  issuer: Issuer,
  signIn: SignIn,
  method: string,
  bySeed: boolean,
  nowMs: number,
): Promise<Extract<Result, { verdict: "granted" }>> {
  const { machine, user, policy, authenticators } = signIn;
  const none = { verdict: "granted", method, bundle: null, mayEnrol: false, maySeed: false } as const;
  // Without a bundle the machine would not know that this code is spent: what it may still hold has to go.
  const pin = await offlinePin(tx, issuer.vault, user.id, policy.policy);
  if (!mayUseOffline(policy.policy, authenticators, pin)) {
    await endEnrolment(tx, issuer.signingKey, machine.id, user, "offline-not-possible", nowMs);
    return none;
  }
  const enrolment = active(signIn.enrolment);
  if (bySeed && enrolment !== undefined)
    return { ...none, bundle: await issueBundle(tx, issuer, { ...signIn, pin, enrolment }, nowMs) };
  if (enrolment === undefined && policy.policy.enrol === "off") return none;
  const maySeed = await mayShowSeed(tx, signIn, nowMs);
  if (enrolment !== undefined || policy.policy.enrol === "automatic") {
    return {
      ...none,
      maySeed,
      bundle: await enrolUser(
        tx,
        issuer,
        { machine, user, policy, authenticators, pin },
        signIn.enrolment,
        nowMs,
        issuer.random,
        nowMs,
      ),
    };
  }
  await rememberDialogue(tx, machine, user, signIn.request.dialogue, nowMs);
  return { ...none, maySeed, mayEnrol: true };
}

export function active(enrolment: Enrolment | undefined): Enrolment | undefined {
  return enrolment?.endedAtMs === null ? enrolment : undefined;
}
