// `verify`: a user's answers at an online sign-in, judged, spent and counted in one transaction.

import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { RequestOf } from "../../protocol/sync/exchanges.ts";
import { isSentType, type KeyType } from "../../protocol/sync/policy.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { authenticatorsHere } from "../authenticators/authenticators.ts";
import { isMachineSeed } from "../authenticators/machine-seed.ts";
import { mergeAndSave } from "../authenticators/merge.ts";
import { type Enrolment, enrolmentEver } from "../enrolments/enrolments.ts";
import type { ServerIdentity } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import { PrepareAgain } from "../machines/converse.ts";
import { FormerNames, hearFormerName } from "../machines/former-names.ts";
import type { Machine } from "../machines/machines.ts";
import { lacksPin, pinRule, pinWanted, settlePin } from "../pins/judge-pin.ts";
import { policyAmong } from "../policies/applicable.ts";
import type { KnownPolicies } from "../policies/known.ts";
import type { NamedPolicy } from "../policies/policies.ts";
import { mayAddFirst } from "../provisioning/first-authenticator.ts";
import type { Store, Tx } from "../store/store.ts";
import { findUser, type User } from "../users/users.ts";
import {
  hashAnswersUnder,
  isHashed,
  isOutworn,
  openAnswers,
  type PreparedAnswers,
  plainAnswers,
} from "./answers.ts";
import { takeChallenge } from "./challenges.ts";
import { active, grant, type Issuer } from "./grant.ts";
import { type Answer, judgeAnswers } from "./judge.ts";
import {
  afterFailure,
  type CallerClass,
  type Failures,
  failuresOf,
  isLocked,
  noFailures,
} from "./lockout.ts";
import { codesSentFor, settleSentCodes } from "./sent-codes.ts";
import { deny, type Result, reasonOf, recordSignIn, type SignIn, type Wish } from "./sign-in.ts";
import { type Busy, busy, type SlowLane } from "./slow-lane.ts";

/** Of a sign-in at which policy asks for nothing. */
export const exemptMethod = "exempt";

export class Verification {
  readonly #store: Store;
  readonly #identity: ServerIdentity;
  readonly #vault: Vault;
  readonly #random: Random;
  readonly #policies: KnownPolicies;
  readonly #lane: SlowLane;
  readonly #webAddress: string | undefined;

  /** `webAddress`: how people reach the pages, where that is not how machines reach the server. */
  constructor(parts: {
    store: Store;
    identity: ServerIdentity;
    vault: Vault;
    random: Random;
    webAddress?: string | undefined;
    policies: KnownPolicies;
    lane: SlowLane;
  }) {
    this.#store = parts.store;
    this.#identity = parts.identity;
    this.#vault = parts.vault;
    this.#random = parts.random;
    this.#webAddress = parts.webAddress && new URL(parts.webAddress).origin;
    this.#policies = parts.policies;
    this.#lane = parts.lane;
  }

  /** Not `afresh`, by the policies as they were last read here, where by these nothing is to be hashed. */
  async prepare(
    machineId: string,
    request: RequestOf<"verify">,
    gone: AbortSignal,
    afresh: boolean,
  ): Promise<PreparedAnswers | undefined | Busy> {
    const texts = openAnswers(this.#identity, request.sealedAnswers);
    if (texts === undefined) return undefined;
    const known = afresh ? undefined : this.#policies.lastKnown();
    if (known !== undefined && !isHashed(known, texts)) return plainAnswers(texts);
    const { policies } = await this.#policies.on(this.#store.ahead, machineId);
    const work = () => hashAnswersUnder(this.#store.db, this.#vault, request.user, policies, texts);
    if (!isHashed(policies, texts)) return work();
    const passed = await this.#lane.pass(machineId, work, gone);
    return passed === undefined ? busy : passed.value;
  }

  /**
   * All or nothing. What is found here is committed before any bit of it leaves; a refusal writes as much as a grant.
   * A user who is unknown or disabled is denied like one whose code is wrong. Accepted: they are never `locked`.
   * @throws PrepareAgain when policy has begun to ask for a PIN, or for one elsewhere in the answer.
   */
  async answer(
    tx: Tx,
    machine: Machine,
    request: RequestOf<"verify">,
    prepared: PreparedAnswers | undefined,
    nowMs: number,
  ): Promise<{ result: Result }> {
    const former = await FormerNames.on(tx, machine);
    await hearFormerName(tx, this.#issuer(), this.#random, machine, former, request, nowMs);
    const user = await findUser(tx, request.user);
    const { policies } = await this.#policies.on(tx, machine.id);
    const policy = await policyAmong(tx, policies, user?.id ?? null);
    if (prepared !== undefined && isOutworn(prepared, policies, policy.policy.pin.place))
      throw new PrepareAgain();
    const answers = prepared?.answers;
    const enrolment = user && (await enrolmentEver(tx, machine.id, user.id));
    const authenticators =
      user === undefined ? [] : await this.#merged(tx, machine, request, user, policy, enrolment, nowMs);
    const usable = user !== undefined && user.disabledAtMs === null;
    const signIn = usable ? { machine, request, user, policy, authenticators, enrolment } : undefined;
    const { lockout, mfa, online } = policy.policy;

    if (signIn !== undefined && mfa === "exempt") return this.#exempt(tx, signIn, nowMs);
    if (signIn !== undefined && isLocked(failuresOf(signIn.user, request.caller), lockout, nowMs)) {
      await recordSignIn(tx, machine, request, "sign-in-locked", { reason: "locked-out" }, nowMs);
      return { result: { verdict: "locked" } };
    }
    if (answers === undefined || answers.length > online.factors.length)
      return deny(tx, machine, request, "unreadable-answers", nowMs);
    const next = online.factors[answers.length];
    if (next !== undefined) return { result: { verdict: "more", question: next } };
    if (signIn === undefined) {
      // As of those who can be right: the next dialogues show as many challenges.
      await takeChallenge(tx, machine, request.dialogue, request.user, nowMs);
      return deny(tx, machine, request, user ? "user-disabled" : "unknown-user", nowMs);
    }
    return this.#judge(tx, signIn, answers, nowMs);
  }

  /** Only of a user who is or was enrolled there: no other machine can have spent anything. */
  async #merged(
    tx: Tx,
    machine: Machine,
    request: RequestOf<"verify">,
    user: User,
    { policy }: NamedPolicy,
    enrolment: Enrolment | undefined,
    nowMs: number,
  ): Promise<readonly Authenticator[]> {
    const here = { userId: user.id, machineId: machine.id, policy };
    const authenticators = await authenticatorsHere(tx, this.#vault, here, this.#random);
    return enrolment === undefined ? authenticators : mergeAndSave(tx, authenticators, request.spent, nowMs);
  }

  async #judge(
    tx: Tx,
    signIn: SignIn,
    answers: readonly Answer[],
    nowMs: number,
  ): Promise<{ result: Result }> {
    const { machine, request, user, policy } = signIn;
    const { online, lockout } = policy.policy;
    const enrolment = active(signIn.enrolment);
    const own = signIn.authenticators.filter((one) => !isMachineSeed(one));
    const asksForSent = online.factors.some((question) => question.some(isSentType));
    const sent = asksForSent
      ? await codesSentFor(tx, this.#vault, machine, request.dialogue, user, nowMs)
      : [];
    const first = own.length === 0 ? await mayAddFirst(tx, user, policy, request.caller) : undefined;
    if (first !== undefined && !sent.some(({ type }) => online.factors[first]?.includes(type))) {
      await recordSignIn(tx, machine, request, "authenticator-offered", {}, nowMs);
      return { result: { verdict: "no-authenticator", question: first } };
    }
    const challenge = await takeChallenge(tx, machine, request.dialogue, user.name, nowMs);
    // The machine's own seed lies on it: good while the lease is, and never in place of an app that was taken away.
    const seedCounts = enrolment !== undefined && own.length > 0 && nowMs < enrolment.leaseExpiresAtMs;
    const judged = seedCounts ? signIn.authenticators : own;
    const rule = await pinRule(tx, this.#vault, user.id, policy.policy);
    const judgement = judgeAnswers(
      online.factors,
      answers,
      judged,
      policy.policy,
      sent,
      challenge,
      nowMs,
      pinWanted(rule),
    );
    await settleSentCodes(tx, machine, request.dialogue, sent, judgement.spendsSent);
    const authenticators = await mergeAndSave(tx, signIn.authenticators, judgement.spends, nowMs);
    await settlePin(tx, this.#issuer(), user, rule, judgement, nowMs);
    if (!judgement.right) {
      const failures = afterFailure(failuresOf(user, request.caller), lockout, nowMs);
      await keepFailures(tx, user, request.caller, failures);
      if (failures.lockedUntilMs !== null)
        await record(tx, serverEntry(nowMs, "user-locked", { user: user.name, machine: machine.id }));
      return deny(tx, machine, request, reasonOf(judgement, own.length + sent.length), nowMs);
    }
    // Everything was right: only now is anybody told that there is no PIN yet.
    if (lacksPin(rule) && judgement.spends.some(({ type }) => type !== "backup-codes")) {
      await deny(tx, machine, request, "pin-needed", nowMs);
      return { result: { verdict: "pin-needed", address: this.#webAddress ?? null } };
    }
    // A code from the disk of a machine must not give back the guesses at the user's own.
    const bySeed = judgement.spends.some(isMachineSeed);
    const { failures, lockedUntilMs } = failuresOf(user, request.caller);
    if (!bySeed && (failures > 0 || lockedUntilMs !== null))
      await keepFailures(tx, user, request.caller, noFailures);
    const { method } = judgement;
    await recordSignIn(tx, machine, request, "sign-in-granted", { method, policy: policy.name }, nowMs);
    return { result: await grant(tx, this.#issuer(), { ...signIn, authenticators }, method, bySeed, nowMs) };
  }

  /** The user has just proved a first authenticator in this very sign-in, which is all that policy asks for. */
  async grantAdded(
    tx: Tx,
    machine: Machine,
    request: Wish,
    user: User,
    method: KeyType,
    nowMs: number,
  ): Promise<Extract<Result, { verdict: "granted" }>> {
    const { policies } = await this.#policies.on(tx, machine.id);
    const policy = await policyAmong(tx, policies, user.id);
    const here = { userId: user.id, machineId: machine.id, policy: policy.policy };
    const authenticators = await authenticatorsHere(tx, this.#vault, here, this.#random);
    await recordSignIn(tx, machine, request, "sign-in-granted", { method, policy: policy.name }, nowMs);
    const enrolment = await enrolmentEver(tx, machine.id, user.id);
    const signIn = { machine, request, user, policy, authenticators, enrolment };
    return grant(tx, this.#issuer(), signIn, method, false, nowMs);
  }

  #issuer(): Issuer {
    return { signingKey: this.#identity.signing.privateKey, vault: this.#vault, random: this.#random };
  }

  async #exempt(tx: Tx, { machine, request, policy }: SignIn, nowMs: number): Promise<{ result: Result }> {
    const method = exemptMethod;
    await recordSignIn(tx, machine, request, "sign-in-granted", { method, policy: policy.name }, nowMs);
    return { result: { verdict: "granted", method, bundle: null, mayEnrol: false, maySeed: false } };
  }
}

async function keepFailures(tx: Tx, user: User, caller: CallerClass, counted: Failures): Promise<void> {
  const { failures, lockedUntilMs } = counted;
  const row =
    caller === "system"
      ? { failures, lockedUntilMs }
      : { selfFailures: failures, selfLockedUntilMs: lockedUntilMs };
  await tx.updateTable("users").set(row).where("id", "=", user.id).execute();
}
