// `join`: a machine becomes known, by a token that it proves to hold without sending it.

import { timingSafeEqual } from "node:crypto";
import { machineId } from "../../protocol/crypto/keys.ts";
import { chainStart } from "../../protocol/sync/events.ts";
import type { RequestOf, ResponseOf } from "../../protocol/sync/exchanges.ts";
import { joinProof } from "../../protocol/sync/join-token.ts";
import type { Clock } from "../../words/clock.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { type ServerIdentity, serverKeysAfter } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import type { KnownPolicies } from "../policies/known.ts";
import type { Store, Tx } from "../store/store.ts";
import { machinePolicyIfNew } from "./machine-policy.ts";
import { findMachine, flagMachine, type Machine } from "./machines.ts";
import { afterJoin } from "./recent-requests.ts";
import { sealedRecoveryKey } from "./recovery-key.ts";
import { giveTags } from "./tags.ts";

export type JoinOutcome =
  | { readonly kind: "joined"; readonly response: ResponseOf<"join"> }
  /** The token is unknown, expired or used up, or the proof is wrong: the asker is not told which. */
  | { readonly kind: "refused" }
  | { readonly kind: "sequence-conflict" };

export class Joining {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #identity: ServerIdentity;
  readonly #vault: Vault;
  readonly #syncMinutes: number;
  readonly #policies: KnownPolicies;

  constructor(parts: {
    store: Store;
    clock: Clock;
    identity: ServerIdentity;
    vault: Vault;
    syncMinutes: number;
    policies: KnownPolicies;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#identity = parts.identity;
    this.#vault = parts.vault;
    this.#syncMinutes = parts.syncMinutes;
    this.#policies = parts.policies;
  }

  /** The request's signature by `signingKey` has been verified. */
  async join(request: RequestOf<"join">): Promise<JoinOutcome> {
    const id = machineId(keysOf(request));
    return this.#store.write(async (tx) => {
      const nowMs = this.#clock.wallMs();
      const known = await findMachine(tx, id);
      const refusal = await this.#whyNot(tx, request, known, nowMs);
      if (refusal === "unknown-token") return { kind: "refused" };
      if (refusal !== undefined) {
        const detail = { reason: refusal, tokenId: request.tokenId, hostname: request.hostname };
        await record(tx, serverEntry(nowMs, "join-refused", { machine: id }, detail));
        return { kind: "refused" };
      }
      if (known !== undefined && request.sequence <= known.sequence) {
        const detail = { sequence: request.sequence, expectedAbove: known.sequence };
        await flagMachine(tx, known, "sequence-conflict", nowMs, detail);
        return { kind: "sequence-conflict" };
      }
      await this.#spendUse(tx, request, known);
      const machine = await this.#keep(tx, id, request, known, nowMs);
      return { kind: "joined", response: await this.#answer(tx, machine, nowMs) };
    });
  }

  /** An unknown token leaves no entry: anybody can send one, as often as they like. */
  async #whyNot(
    tx: Tx,
    request: RequestOf<"join">,
    known: Machine | undefined,
    nowMs: number,
  ): Promise<string | undefined> {
    const token = await tx
      .selectFrom("joinTokens")
      .selectAll()
      .where("id", "=", request.tokenId)
      .executeTakeFirst();
    if (token === undefined) return "unknown-token";
    const { signingKey, boxKey } = keysOf(request);
    const proofKey = this.#vault.open({ table: "join_tokens", id: token.id }, token.sealedProofKey);
    const proof = Buffer.from(request.proof, "base64");
    if (!timingSafeEqual(joinProof(proofKey, signingKey, boxKey), proof)) return "wrong-proof";
    // Before the token: these keys are over whatever it is worth.
    if (known !== undefined && known.removedAtMs !== null) return "removed-machine";
    if (nowMs >= token.expiresAtMs) return "expired-token";
    if (token.usesLeft < 1 && known?.joinToken !== token.id) return "used-up-token";
    if (known !== undefined && known.revokedAtMs !== null) return "revoked-machine";
    // The name is that of its first keys; whoever still has those is not the machine any more.
    if (known !== undefined && known.signingKey !== request.signingKey) return "replaced-keys";
    return undefined;
  }

  /** Joining again with the token it joined with costs a machine nothing: the first answer may have been lost. */
  async #spendUse(tx: Tx, request: RequestOf<"join">, known: Machine | undefined): Promise<void> {
    if (known?.joinToken === request.tokenId) return;
    await tx
      .updateTable("joinTokens")
      .set((expression) => ({ usesLeft: expression("usesLeft", "-", 1) }))
      .where("id", "=", request.tokenId)
      .execute();
  }

  async #keep(
    tx: Tx,
    id: string,
    request: RequestOf<"join">,
    known: Machine | undefined,
    nowMs: number,
  ): Promise<Machine> {
    const { hostname, platform, agentVersion, protector, sequence, tokenId } = request;
    const now = {
      hostname,
      platform,
      agentVersion,
      protector,
      sequence,
      recentRequests: afterJoin(sequence),
      joinToken: tokenId,
      lastSeenAtMs: nowMs,
    };
    const tags = await tokenTags(tx, tokenId);
    const detail = { hostname, platform, protector, tags };
    await record(tx, serverEntry(nowMs, "machine-joined", { machine: id }, detail));
    const machine = known === undefined ? freshMachine(id, request, tokenId, nowMs) : { ...known, ...now };
    if (known === undefined) await tx.insertInto("machines").values(machine).execute();
    else await tx.updateTable("machines").set(now).where("id", "=", id).execute();
    // What an admin has taken away since doesn't come back by asking once more.
    if (known?.joinToken !== tokenId) await giveTags(tx, id, tags);
    return machine;
  }

  async #answer(tx: Tx, machine: Machine, nowMs: number): Promise<ResponseOf<"join">> {
    const { signing, box } = this.#identity;
    const issuer = {
      signingKey: signing.privateKey,
      vault: this.#vault,
      syncMinutes: this.#syncMinutes,
    };
    const here = await this.#policies.on(tx, machine.id);
    const machinePolicy = await machinePolicyIfNew(tx, issuer, here, machine, -1, nowMs);
    if (machinePolicy === null) throw new Error("a machine that holds no policy needs one");
    return {
      serverTimeMs: nowMs,
      machine: machine.id,
      serverSigningKey: signing.publicKey.toBase64(),
      serverBoxKey: box.publicKey.toBase64(),
      ...serverKeysAfter(this.#identity, 0),
      machinePolicy,
      sealedRecoveryKey: sealedRecoveryKey(this.#vault, machine),
    };
  }
}

async function tokenTags(tx: Tx, tokenId: string): Promise<string[]> {
  const token = await tx.selectFrom("joinTokens").select("tags").where("id", "=", tokenId).executeTakeFirst();
  return token === undefined ? [] : JSON.parse(token.tags);
}

/** A machine that has just become known: nothing issued, nothing spent. */
export function freshMachine(
  id: string,
  request: Omit<RequestOf<"join">, "tokenId" | "proof">,
  joinToken: string,
  nowMs: number,
): Machine {
  const { hostname, platform, agentVersion, protector, sequence, signingKey, boxKey } = request;
  return {
    id,
    signingKey,
    boxKey,
    hostname,
    platform,
    agentVersion,
    protector,
    sequence,
    recentRequests: afterJoin(sequence),
    joinToken,
    recoveredFrom: null,
    joinedAtMs: nowMs,
    lastSeenAtMs: nowMs,
    lastSyncAtMs: null,
    revokedAtMs: null,
    removedAtMs: null,
    exempt: 0,
    flags: "[]",
    serial: 0,
    revokedThrough: 0,
    policySerial: 0,
    policyDigest: "",
    eventsThrough: 0,
    eventsHash: chainStart,
    clockTurnedBackAtMs: null,
    holdsFormerNames: 0,
  };
}

export function keysOf(request: Pick<RequestOf<"join">, "signingKey" | "boxKey">): {
  signingKey: Uint8Array;
  boxKey: Uint8Array;
} {
  return {
    signingKey: Buffer.from(request.signingKey, "base64"),
    boxKey: Buffer.from(request.boxKey, "base64"),
  };
}
