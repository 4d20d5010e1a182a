// `recover`: a machine that has lost its state or its key goes on under new keys, on the word of one user's online MFA.

import { timingSafeEqual } from "node:crypto";
import { machineId } from "../../protocol/crypto/keys.ts";
import type { RequestOf, ResponseOf } from "../../protocol/sync/exchanges.ts";
import { recoveryProof } from "../../protocol/sync/join-token.ts";
import type { Clock } from "../../words/clock.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { type ServerIdentity, serverKeysAfter } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import type { KnownPolicies } from "../policies/known.ts";
import type { Store, Tx } from "../store/store.ts";
import type { PreparedAnswers } from "../verification/answers.ts";
import { busy } from "../verification/slow-lane.ts";
import { exemptMethod, type Verification } from "../verification/verification.ts";
import { PrepareAgain } from "./converse.ts";
import { freshMachine, keysOf } from "./join.ts";
import { nextKeys } from "./machine-keys.ts";
import { machinePolicyIfNew } from "./machine-policy.ts";
import { findMachine, flagMachine, type Machine } from "./machines.ts";
import { recoveryKeyOf, sealedRecoveryKey } from "./recovery-key.ts";
import { revokeMachine } from "./revoke.ts";
import { giveTags, tagsOf } from "./tags.ts";

type Request = RequestOf<"recover">;

export type RecoveryOutcome =
  | { readonly kind: "answered"; readonly body: ResponseOf<"recover"> }
  /** The old machine is unknown or revoked, the proof is wrong, or the new keys are known already. */
  | { readonly kind: "refused" }
  /** Too many are waiting, or the policy has just changed: nothing was judged. */
  | { readonly kind: "busy" };

export interface RecoveringParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly identity: ServerIdentity;
  readonly vault: Vault;
  readonly syncMinutes: number;
  readonly policies: KnownPolicies;
  readonly verification: Verification;
}

const mostSeen = 100_000;

/** The first signed request of a machine under new keys: its answer had arrived, so what it was before ends now. */
export async function takePlace(
  tx: Tx,
  signingKey: Uint8Array,
  machine: Machine,
  nowMs: number,
): Promise<void> {
  if (machine.recoveredFrom === null) return;
  const old = await findMachine(tx, machine.recoveredFrom);
  await tx.updateTable("machines").set({ recoveredFrom: null }).where("id", "=", machine.id).execute();
  if (old !== undefined) await revokeMachine(tx, signingKey, old, nowMs);
}

export class Recovering {
  readonly #parts: RecoveringParts;
  readonly #seen = new Set<string>();

  constructor(parts: RecoveringParts) {
    this.#parts = parts;
  }

  /** The request's signature by the new signing key has been verified. */
  async recover(request: Request, gone: AbortSignal): Promise<RecoveryOutcome> {
    const { store, clock, verification } = this.#parts;
    const id = machineId(keysOf(request));
    // The proof first: slow work is done for machines only. And each request once: new keys are new for every attempt.
    if (!(await this.#proven(request)) || !this.#isNew(id)) return { kind: "refused" };
    const signIn = { ...request, revokedThrough: 0, spent: [] };
    // Under the policy that held at the old one: it has its tags.
    const answers = await verification.prepare(request.oldMachine, signIn, gone, true);
    if (answers === busy) return { kind: "busy" };
    const work = async (tx: Tx): Promise<RecoveryOutcome> => {
      const nowMs = clock.wallMs();
      const old = await findMachine(tx, request.oldMachine);
      if (old === undefined || old.revokedAtMs !== null) return { kind: "refused" };
      if ((await findMachine(tx, id)) !== undefined) return { kind: "refused" };
      return { kind: "answered", body: await this.#judge(tx, old, id, request, signIn, answers, nowMs) };
    };
    try {
      return await store.write(work);
    } catch (error) {
      // The policy has changed meanwhile. New keys come with the next attempt, and with them another request.
      if (error instanceof PrepareAgain) return { kind: "busy" };
      throw error;
    }
  }

  /** The new machine is there only if the sign-in is granted; failures count either way. */
  async #judge(
    tx: Tx,
    old: Machine,
    id: string,
    request: Request,
    signIn: RequestOf<"verify">,
    answers: PreparedAnswers | undefined,
    nowMs: number,
  ): Promise<ResponseOf<"recover">> {
    const { identity, vault, syncMinutes, policies, verification } = this.#parts;
    const kept = { exempt: old.exempt, flags: old.flags, recoveredFrom: old.id };
    const machine = { ...freshMachine(id, request, old.joinToken, nowMs), ...kept };
    await tx.insertInto("machines").values(machine).execute();
    await giveTags(tx, id, await tagsOf(tx, old.id));
    const judged = await verification.answer(tx, machine, signIn, answers, nowMs);
    // Somebody whom policy asks for nothing, or who has nothing, has proven nothing: new keys need a factor.
    const unproven = judged.result.verdict === "granted" && judged.result.method === exemptMethod;
    const denied = { verdict: "denied" } as const;
    const result = unproven || judged.result.verdict === "no-authenticator" ? denied : judged.result;
    if (result.verdict !== "granted") {
      await tx.deleteFrom("machines").where("id", "=", id).execute();
      if (result.verdict === "revoked")
        throw new Error("a machine that has just become known is not revoked");
      return { serverTimeMs: nowMs, ...serverKeysAfter(identity, request.serverKey), result };
    }
    const signingKey = identity.signing.privateKey;
    await this.#forgetUnheard(tx, old, id, nowMs);
    const detail = { loss: request.loss, before: old.id, hostname: request.hostname };
    await record(tx, serverEntry(nowMs, "machine-recovered", { user: request.user, machine: id }, detail));
    if (request.loss === "state-turned-back")
      await flagMachine(tx, machine, "state-restored", nowMs, { before: old.id });
    const here = await policies.on(tx, id);
    const issuer = { signingKey, vault, syncMinutes };
    const machinePolicy = await machinePolicyIfNew(tx, issuer, here, machine, -1, nowMs);
    if (machinePolicy === null) throw new Error("a machine that holds no policy needs one");
    const { method, bundle, mayEnrol } = result;
    const recoveryKey = sealedRecoveryKey(vault, machine);
    return {
      serverTimeMs: nowMs,
      ...serverKeysAfter(identity, request.serverKey),
      result: {
        verdict: "granted",
        method,
        machine: id,
        machinePolicy,
        sealedRecoveryKey: recoveryKey,
        bundle,
        mayEnrol,
      },
    };
  }

  /** Machines that were to take the same place and never spoke: their answers were lost, and their keys with them. */
  async #forgetUnheard(tx: Tx, old: Machine, except: string, nowMs: number): Promise<void> {
    await tx
      .updateTable("machines")
      .set({ revokedAtMs: nowMs, recoveredFrom: null })
      .where("recoveredFrom", "=", old.id)
      .where("id", "<>", except)
      .execute();
  }

  /** One process remembers its own: elsewhere a replay costs a user a wrong answer, which the lockout bounds. */
  #isNew(id: string): boolean {
    if (this.#seen.has(id)) return false;
    if (this.#seen.size >= mostSeen) this.#seen.clear();
    this.#seen.add(id);
    return true;
  }

  /** By the keys the machine has, or by those it has been given and not spoken with yet. Never by those it had. */
  async #proven(request: Request): Promise<boolean> {
    const { store, vault } = this.#parts;
    const { oldMachine: id } = request;
    const { signingKey, boxKey } = keysOf(request);
    const held = [await findMachine(store.db, id), await nextKeys(store.db, id)];
    return held.some((keys) => {
      const key = recoveryKeyOf(vault, { id, signingKey: keys?.signingKey ?? "" });
      const expected = recoveryProof(key, id, signingKey, boxKey);
      return keys !== undefined && timingSafeEqual(expected, Buffer.from(request.proof, "base64"));
    });
  }
}
