// `recover`: a machine that has lost its state or its key goes on under new keys, on the word of one user's online MFA.

import { timingSafeEqual } from "node:crypto";
import { type Identity, machineId } from "../../protocol/crypto/keys.ts";
import type { RequestOf, ResponseOf } from "../../protocol/sync/exchanges.ts";
import { recoveryProof } from "../../protocol/sync/join-token.ts";
import type { Clock } from "../../words/clock.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Answer } from "../verification/judge.ts";
import { exemptMethod, type Verification } from "../verification/verification.ts";
import { freshMachine, keysOf } from "./join.ts";
import { machinePolicyIfNew } from "./machine-policy.ts";
import { findMachine, flagMachine, type Machine } from "./machines.ts";
import { recoveryKeyOf, sealedRecoveryKey } from "./recovery-key.ts";
import { revokeMachine } from "./revoke.ts";

type Request = RequestOf<"recover">;

export type RecoveryOutcome =
  | { readonly kind: "answered"; readonly body: ResponseOf<"recover"> }
  /** The old machine is unknown or revoked, the proof is wrong, or the new keys are known already. */
  | { readonly kind: "refused" };

export interface RecoveringParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly identity: Identity;
  readonly vault: Vault;
  readonly syncMinutes: number;
  readonly verification: Verification;
}

export class Recovering {
  readonly #parts: RecoveringParts;

  constructor(parts: RecoveringParts) {
    this.#parts = parts;
  }

  /** The request's signature by the new signing key has been verified. */
  async recover(request: Request): Promise<RecoveryOutcome> {
    const { store, clock, verification } = this.#parts;
    const signIn = { ...request, revokedThrough: 0, spent: [] };
    const answers = await verification.prepare(signIn);
    return store.write(async (tx) => {
      const nowMs = clock.wallMs();
      const old = await findMachine(tx, request.oldMachine);
      const id = machineId(keysOf(request));
      if (old === undefined || !this.#proven(request) || old.revokedAtMs !== null) return { kind: "refused" };
      if ((await findMachine(tx, id)) !== undefined) return { kind: "refused" };
      return { kind: "answered", body: await this.#judge(tx, old, id, request, signIn, answers, nowMs) };
    });
  }

  /** The new machine is there only if the sign-in is granted; failures count either way. */
  async #judge(
    tx: Tx,
    old: Machine,
    id: string,
    request: Request,
    signIn: RequestOf<"verify">,
    answers: readonly Answer[] | undefined,
    nowMs: number,
  ): Promise<ResponseOf<"recover">> {
    const { identity, vault, syncMinutes, verification } = this.#parts;
    const machine = { ...freshMachine(id, request, old.joinToken, nowMs), exempt: old.exempt };
    await tx.insertInto("machines").values(machine).execute();
    const judged = await verification.answer(tx, machine, signIn, answers, nowMs);
    // Somebody whom policy asks for nothing has proven nothing: new keys need a factor.
    const unproven = judged.result.verdict === "granted" && judged.result.method === exemptMethod;
    const result = unproven ? ({ verdict: "denied" } as const) : judged.result;
    if (result.verdict !== "granted") {
      await tx.deleteFrom("machines").where("id", "=", id).execute();
      if (result.verdict === "revoked")
        throw new Error("a machine that has just become known is not revoked");
      return { serverTimeMs: nowMs, result };
    }
    const signingKey = identity.signing.privateKey;
    await revokeMachine(tx, signingKey, old, nowMs);
    const detail = { loss: request.loss, before: old.id, hostname: request.hostname };
    await record(tx, serverEntry(nowMs, "machine-recovered", { user: request.user, machine: id }, detail));
    if (request.loss === "state-turned-back")
      await flagMachine(tx, machine, "state-restored", nowMs, { before: old.id });
    const machinePolicy = await machinePolicyIfNew(
      tx,
      { signingKey, vault, syncMinutes },
      machine,
      -1,
      nowMs,
    );
    if (machinePolicy === null) throw new Error("a machine that holds no policy needs one");
    const { method, bundle, mayEnrol } = result;
    const recoveryKey = sealedRecoveryKey(vault, machine);
    return {
      serverTimeMs: nowMs,
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

  #proven(request: Request): boolean {
    const { signingKey, boxKey } = keysOf(request);
    const key = recoveryKeyOf(this.#parts.vault, request.oldMachine);
    const expected = recoveryProof(key, request.oldMachine, signingKey, boxKey);
    return timingSafeEqual(expected, Buffer.from(request.proof, "base64"));
  }
}
