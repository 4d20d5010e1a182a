// `enrol`: the user said yes to offline use, within five minutes of the online MFA of the same dialogue.

import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import { minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { authenticatorsHere } from "../authenticators/authenticators.ts";
import { freshUnlockKey } from "../help-desk/unlock-key.ts";
import type { Machine } from "../machines/machines.ts";
import { offlinePin } from "../pins/judge-pin.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Tx } from "../store/store.ts";
import { theUser, type User } from "../users/users.ts";
import { type BundleIssuer, type BundleParts, signBundle } from "./bundle.ts";
import { type Enrolment, enrolmentEver, keepEnrolment, withLease } from "./enrolments.ts";
import { beginLease } from "./lease.ts";
import { mayUseOffline } from "./offline-use.ts";

const answerWithinMs = 5 * minuteMs;

/** A new lease as of the online MFA, and its bundle. `before` is what is there, as read in this transaction. */
export async function enrolUser(
  tx: Tx,
  issuer: BundleIssuer,
  parts: Omit<BundleParts, "enrolment">,
  before: Enrolment | undefined,
  mfaAtMs: number,
  random: Random,
  nowMs: number,
): Promise<SignedDocument> {
  const lease = beginLease(random.bytes(16).toHex(), parts.policy.policy, mfaAtMs);
  const { machine, user } = parts;
  const place = { machineId: machine.id, userId: user.id };
  const fresh = () => freshUnlockKey(issuer.vault, place, random);
  const enrolment = withLease(place, before, lease, fresh, nowMs);
  const { bundle, said } = await signBundle(tx, issuer, { ...parts, enrolment }, nowMs);
  await keepEnrolment(tx, user, before, { ...enrolment, ...said }, nowMs);
  return bundle;
}

/** Remembers a granted sign-in whose user may be asked. The machine's that nobody came back to are dropped on the way. */
export async function rememberDialogue(
  tx: Tx,
  machine: Machine,
  user: User,
  dialogue: string,
  nowMs: number,
): Promise<void> {
  await tx
    .deleteFrom("dialogues")
    .where("machineId", "=", machine.id)
    .where("grantedAtMs", "<=", nowMs - answerWithinMs)
    .execute();
  const row = { machineId: machine.id, dialogue, userId: user.id, grantedAtMs: nowMs };
  await tx
    .insertInto("dialogues")
    .values(row)
    .onConflict((conflict) => conflict.columns(["machineId", "dialogue"]).doUpdateSet(row))
    .execute();
}

/** The bundle, or null: nothing remembered, too late, or no longer allowed. One yes brings one lease. */
export async function enrolByDialogue(
  tx: Tx,
  issuer: BundleIssuer,
  machine: Machine,
  dialogue: string,
  random: Random,
  nowMs: number,
): Promise<SignedDocument | null> {
  const remembered = await tx
    .deleteFrom("dialogues")
    .where("machineId", "=", machine.id)
    .where("dialogue", "=", dialogue)
    .returning(["userId", "grantedAtMs"])
    .executeTakeFirst();
  if (remembered === undefined || nowMs >= remembered.grantedAtMs + answerWithinMs) return null;
  const { name } = await tx
    .selectFrom("users")
    .select("name")
    .where("id", "=", remembered.userId)
    .executeTakeFirstOrThrow();
  const user = await theUser(tx, name);
  const policy = await policyOf(tx, { userId: user.id, machineId: machine.id });
  const here = { userId: user.id, machineId: machine.id, policy: policy.policy };
  const authenticators = await authenticatorsHere(tx, issuer.vault, here, random);
  const pin = await offlinePin(tx, issuer.vault, user.id, policy.policy);
  const allowed = policy.policy.enrol !== "off" && mayUseOffline(policy.policy, authenticators, pin);
  if (user.disabledAtMs !== null || !allowed) return null;
  const parts = { machine, user, policy, authenticators, pin };
  const before = await enrolmentEver(tx, machine.id, user.id);
  return enrolUser(tx, issuer, parts, before, remembered.grantedAtMs, random, nowMs);
}
