// `sync`: events up; bundles, machine policy and revocations down.

import { type Identity, isRotationProven } from "../../protocol/crypto/keys.ts";
import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { RequestOf, ResponseOf } from "../../protocol/sync/exchanges.ts";
import type { Random } from "../../words/random.ts";
import { authenticatorsHere } from "../authenticators/authenticators.ts";
import { mergeAndSave } from "../authenticators/merge.ts";
import { type BundleIssuer, isCurrent, issueBundle } from "../enrolments/bundle.ts";
import { type Enrolment, endEnrolment, enrolmentEver, leaseOf, markEnded } from "../enrolments/enrolments.ts";
import { shortenLease } from "../enrolments/lease.ts";
import { mayUseOffline } from "../enrolments/offline-use.ts";
import type { Vault } from "../identity/vault.ts";
import { FormerNames, hearFormerName } from "../machines/former-names.ts";
import { offerKeys } from "../machines/machine-keys.ts";
import { type MachinePolicyIssuer, machinePolicyIfNew } from "../machines/machine-policy.ts";
import { type Machine, serialAbove } from "../machines/machines.ts";
import { sealedRecoveryKey } from "../machines/recovery-key.ts";
import { isRevocationPending, issueRevocation, pendingRevocations } from "../machines/revocations.ts";
import { offlinePin } from "../pins/judge-pin.ts";
import { policyAmong } from "../policies/applicable.ts";
import type { KnownPolicies } from "../policies/known.ts";
import type { NamedPolicy } from "../policies/policies.ts";
import { send } from "../store/send.ts";
import type { Tx } from "../store/store.ts";
import { findUser } from "../users/users.ts";
import { keepEvents } from "./events.ts";
import { FormerHolders } from "./former-holders.ts";

type Request = RequestOf<"sync">;
type Reported = Request["enrolments"][number];
type Answer = Omit<ResponseOf<"sync">, "serverTimeMs" | "revocations" | "serverKeys">;

/** An answer carries no more. */
const mostRevocations = 1_000;

export class Synchronisation {
  readonly #issuer: BundleIssuer & MachinePolicyIssuer;
  readonly #policies: KnownPolicies;
  readonly #random: Random;

  constructor(parts: {
    identity: Identity;
    vault: Vault;
    syncMinutes: number;
    policies: KnownPolicies;
    random: Random;
  }) {
    this.#policies = parts.policies;
    this.#random = parts.random;
    const { identity, vault, syncMinutes } = parts;
    this.#issuer = {
      get signingKey() {
        return identity.signing.privateKey;
      },
      vault,
      syncMinutes,
    };
  }

  async answer(tx: Tx, machine: Machine, request: Request, nowMs: number): Promise<Answer> {
    const former = await FormerNames.on(tx, machine);
    const holders = new FormerHolders(former, request);
    const { through, fresh } = await keepEvents(tx, machine, request.events, holders, nowMs);
    if (request.events.lines.length === 0) holders.silent();
    await holders.keep(tx, machine);
    await keepReport(tx, machine, request, nowMs);
    const reported = new Set(request.enrolments.map((enrolment) => enrolment.user));
    for (const event of fresh)
      if (event.kind === "disenrolled" && event.user !== undefined && !reported.has(event.user)) {
        const user = await findUser(tx, event.user);
        if (user !== undefined) await markEnded(tx, machine.id, user, "machine-forgot", nowMs);
      }
    const bundles: SignedDocument[] = [];
    const here = await this.#policies.on(tx, machine.id);
    for (const enrolment of request.enrolments) {
      const bundle = await this.#refresh(tx, machine, here.policies, former, request, enrolment, nowMs);
      if (bundle !== undefined) bundles.push(bundle);
    }
    const held = request.machinePolicySerial;
    const machinePolicy = await machinePolicyIfNew(tx, this.#issuer, here, machine, held, nowMs);
    return { eventsThrough: through, machinePolicy, bundles };
  }

  /** Keeps the new keys until a request is signed with them, and seals to them what the machine will need then. */
  async rotate(
    tx: Tx,
    machine: Machine,
    request: RequestOf<"rotate">,
    nowMs: number,
  ): Promise<Omit<ResponseOf<"rotate">, "serverTimeMs" | "revocations" | "serverKeys">> {
    const { signingKey, boxKey, proof, enrolments } = request;
    const keys = { signingKey: Buffer.from(signingKey, "base64"), boxKey: Buffer.from(boxKey, "base64") };
    const old = Buffer.from(machine.signingKey, "base64");
    const proven = isRotationProven(machine.id, old, keys, Buffer.from(proof, "base64"));
    if (!proven || !(await offerKeys(tx, machine, { signingKey, boxKey }, nowMs)))
      return { sealedRecoveryKey: null, bundles: [] };
    const next = { ...machine, signingKey, boxKey };
    const { policies } = await this.#policies.on(tx, machine.id);
    const former = await FormerNames.on(tx, machine);
    const bundles: SignedDocument[] = [];
    for (const enrolment of enrolments) {
      // No bundle that it has can be opened with the new keys.
      const held = { ...enrolment, bundleSerial: 0 };
      const bundle = await this.#refresh(tx, next, policies, former, request, held, nowMs);
      if (bundle !== undefined) bundles.push(bundle);
    }
    return { sealedRecoveryKey: sealedRecoveryKey(this.#issuer.vault, next), bundles };
  }

  /** A revoked machine may still tell what happened; it gets nothing. */
  async answerRevoked(tx: Tx, machine: Machine, request: Request, nowMs: number): Promise<Answer> {
    const holders = new FormerHolders(await FormerNames.on(tx, machine), request);
    const { through } = await keepEvents(tx, machine, request.events, holders, nowMs);
    await holders.keep(tx, machine);
    return { eventsThrough: through, machinePolicy: null, bundles: [] };
  }

  /** The new bundle, if the machine needs one. An enrolment that holds no more is answered with a revocation. */
  async #refresh(
    tx: Tx,
    machine: Machine,
    policies: readonly NamedPolicy[],
    former: FormerNames,
    request: Pick<Request, "revokedThrough">,
    reported: Reported,
    nowMs: number,
  ): Promise<SignedDocument | undefined> {
    const { signingKey, vault } = this.#issuer;
    await hearFormerName(tx, this.#issuer, this.#random, machine, former, reported, nowMs);
    const user = await findUser(tx, reported.user);
    const known = user && (await enrolmentEver(tx, machine.id, user.id));
    const refuse = () =>
      former.isToldNow(reported.user) ? undefined : this.#refuse(tx, machine, request, reported.user, nowMs);
    if (user === undefined || known === undefined) return refuse();
    const policy = await policyAmong(tx, policies, user.id);
    const here = { userId: user.id, machineId: machine.id, policy: policy.policy };
    const authenticators = await mergeAndSave(
      tx,
      await authenticatorsHere(tx, vault, here, this.#random),
      reported.spent,
      nowMs,
    );
    if (known.endedAtMs !== null) return refuse();
    // An exempt user's enrolment rests: the bundle says so, and holds again when the exemption ends.
    const pin = await offlinePin(tx, vault, user.id, policy.policy);
    const holds = policy.policy.mfa === "exempt" || mayUseOffline(policy.policy, authenticators, pin);
    if (!holds) {
      await endEnrolment(tx, signingKey, machine.id, user, "offline-not-possible", nowMs);
      return undefined;
    }
    const enrolment = await keepRefreshed(tx, known, reported, policy, nowMs);
    const parts = { machine, user, enrolment, policy, authenticators, pin };
    return isCurrent(this.#issuer, parts, reported) ? undefined : issueBundle(tx, this.#issuer, parts, nowMs);
  }

  /** The machine holds what the server does not know of, or has ended: it is told to erase it, once at a time. */
  async #refuse(
    tx: Tx,
    machine: Machine,
    request: Pick<Request, "revokedThrough">,
    user: string,
    nowMs: number,
  ): Promise<undefined> {
    const { revokedThrough } = request;
    if (await isRevocationPending(tx, machine.id, user, revokedThrough)) return undefined;
    const pending = await pendingRevocations(tx, this.#issuer.signingKey, machine.id, revokedThrough);
    if (pending.length >= mostRevocations) return undefined;
    await issueRevocation(tx, this.#issuer.signingKey, machine.id, { scope: "user", user }, nowMs);
    return undefined;
  }
}

/** What the machine says of itself, and the serials it has seen. */
async function keepReport(tx: Tx, machine: Machine, request: Request, nowMs: number): Promise<void> {
  const { hostname, platform, agentVersion, protector } = request;
  const seen = request.enrolments.map((enrolment) => enrolment.bundleSerial);
  const serial = serialAbove(machine.serial, [request.machinePolicySerial, ...seen]);
  const said = { hostname, platform, agentVersion, protector, serial, lastSyncAtMs: nowMs };
  await send(tx, tx.updateTable("machines").set(said).where("id", "=", machine.id));
}

/** Counts what was used and shortens the lease where the policy asks for less. Nothing here lengthens it. */
async function keepRefreshed(
  tx: Tx,
  enrolment: Enrolment,
  reported: Reported,
  { policy }: NamedPolicy,
  nowMs: number,
): Promise<Enrolment> {
  const lease = policy.mfa === "exempt" ? leaseOf(enrolment) : shortenLease(leaseOf(enrolment), policy);
  const used = reported.leaseId === enrolment.leaseId ? reported.signInsUsed : 0;
  const changed = {
    lastSyncedAtMs: nowMs,
    leaseExpiresAtMs: lease.expiresAtMs,
    leaseSignIns: lease.signIns,
    signInsUsed: Math.max(enrolment.signInsUsed, Math.min(used, 1_000_000)),
  };
  await send(
    tx,
    tx
      .updateTable("enrolments")
      .set(changed)
      .where("machineId", "=", enrolment.machineId)
      .where("userId", "=", enrolment.userId),
  );
  return { ...enrolment, ...changed };
}
