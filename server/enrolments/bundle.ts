// Bundles: what a machine needs to check one user offline, and no more; signed by the server, sealed to the machine.

import { maskSeed } from "../../otp/pin-lock.ts";
import { publicHalf } from "../../protocol/crypto/keys.ts";
import { sealTo } from "../../protocol/crypto/sealed-box.ts";
import { type SignedDocument, signDocument } from "../../protocol/crypto/signed-document.ts";
import type { Authenticator, Bundle, SealedContent } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { covers, spentOf } from "../authenticators/spent.ts";
import { openUnlockKey } from "../help-desk/unlock-key.ts";
import type { Vault } from "../identity/vault.ts";
import { type Machine, nextSerial } from "../machines/machines.ts";
import type { Pin } from "../pins/pins.ts";
import type { NamedPolicy } from "../policies/policies.ts";
import { send } from "../store/send.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { type Enrolment, leaseOf } from "./enrolments.ts";
import { offlineAuthenticators } from "./offline-use.ts";

export interface BundleIssuer {
  readonly signingKey: Uint8Array;
  readonly vault: Vault;
}

export interface BundleParts {
  readonly machine: Machine;
  readonly user: User;
  readonly enrolment: Enrolment;
  readonly policy: NamedPolicy;
  /** As `authenticatorsHere` gives them. */
  readonly authenticators: readonly Authenticator[];
  /** As `offlinePin` gives it. */
  readonly pin: Pin | undefined;
}

type SaidLast = Pick<Enrolment, "bundleSerial" | "bundleDigest" | "bundleSpent" | "lastSyncedAtMs">;

/** Signs a bundle under the next serial and remembers what it said. */
export async function issueBundle(
  tx: Tx,
  issuer: BundleIssuer,
  parts: BundleParts,
  nowMs: number,
): Promise<SignedDocument> {
  const { machine, user } = parts;
  const { bundle, said } = await signBundle(tx, issuer, parts, nowMs);
  await send(
    tx,
    tx.updateTable("enrolments").set(said).where("machineId", "=", machine.id).where("userId", "=", user.id),
  );
  return bundle;
}

/** What the enrolment has to remember of it is for the caller to keep. */
export async function signBundle(
  tx: Tx,
  issuer: BundleIssuer,
  parts: BundleParts,
  nowMs: number,
): Promise<{ readonly bundle: SignedDocument; readonly said: SaidLast }> {
  const { machine, user, enrolment, policy } = parts;
  const content = sealedContent(issuer.vault, parts);
  const serial = await nextSerial(tx, machine.id);
  const sealed = sealTo(Buffer.from(machine.boxKey, "base64"), Buffer.from(JSON.stringify(content), "utf8"));
  const bundle: Bundle = {
    serial,
    machine: machine.id,
    user: user.name,
    issuedAtMs: nowMs,
    lease: leaseOf(enrolment),
    policyName: policy.name,
    policy: policy.policy,
    sealed: sealed.toBase64(),
  };
  const said = {
    bundleSerial: serial,
    bundleDigest: digest(issuer, parts, content),
    bundleSpent: JSON.stringify(content.authenticators.map(spentOf)),
    lastSyncedAtMs: nowMs,
  };
  return { bundle: signDocument("bundle", bundle, issuer.signingKey), said };
}

/** Whether the machine, by what it holds and says it has spent, would learn nothing from a new bundle. */
export function isCurrent(
  issuer: BundleIssuer,
  parts: BundleParts,
  held: { readonly bundleSerial: number; readonly spent: readonly Spent[] },
): boolean {
  const { enrolment } = parts;
  if (held.bundleSerial !== enrolment.bundleSerial) return false;
  const content = sealedContent(issuer.vault, parts);
  if (enrolment.bundleDigest !== digest(issuer, parts, content)) return false;
  const known: Spent[] = [...JSON.parse(enrolment.bundleSpent), ...held.spent];
  return content.authenticators.map(spentOf).every((spent) => coversAll(known, spent));
}

/** What policy lets the machine have. */
function sealedContent(vault: Vault, { policy, authenticators, enrolment, pin }: BundleParts): SealedContent {
  const unlockKey = policy.policy.helpDesk === "off" ? null : openUnlockKey(vault, enrolment).toBase64();
  const leaving = offlineAuthenticators(policy.policy, authenticators, pin);
  if (pin === undefined) return { authenticators: leaving, pin: null, unlockKey };
  const { salt, difference, cost } = pin.lock;
  const lock = { salt: salt.toBase64(), difference: difference.toBase64(), cost };
  return { authenticators: leaving.map((one) => masked(one, pin.key)), pin: lock, unlockKey };
}

function masked(authenticator: Authenticator, key: Uint8Array): Authenticator {
  if (authenticator.type === "backup-codes") return authenticator;
  const seed = Buffer.from(authenticator.secret, "base64");
  return { ...authenticator, secret: maskSeed(key, seed).toBase64() };
}

/** Backup codes may be known in part from either list. */
function coversAll(known: readonly Spent[], spent: Spent): boolean {
  if (spent.type !== "backup-codes") return known.some((part) => covers(part, spent));
  return spent.usedIds.every((id) => known.some((part) => covers(part, { ...spent, usedIds: [id] })));
}

/**
 * Everything a bundle says but what changes with each (serial, time, sealing) and what is spent; and by which key: after the
 * server's key has changed, machines get all of theirs anew.
 */
function digest({ vault, signingKey }: BundleIssuer, parts: BundleParts, content: SealedContent): string {
  const { policy, enrolment } = parts;
  const keys = content.authenticators.map((one) => {
    const spent = Object.keys(spentOf(one)).filter((key) => key !== "type" && key !== "id");
    return Object.entries(one).filter(([key]) => !spent.includes(key));
  });
  const by = publicHalf(signingKey).toBase64();
  return vault.digest([
    policy.name,
    policy.policy,
    leaseOf(enrolment),
    keys,
    content.pin,
    content.unlockKey,
    by,
  ]);
}
