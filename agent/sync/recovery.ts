// A lost state or key is set right by one online MFA: the machine shows that it is the one that joined, the user that they
// are who they say, and the server gives new keys. Until then nothing is judged offline.

import { machineId, publicIdentity } from "../../protocol/crypto/keys.ts";
import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import { recoveryProof } from "../../protocol/sync/join-token.ts";
import type { SignInRecovery, Verified } from "../dialogue/ports.ts";
import type { Attempt } from "../policy/situation.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
import { beginState } from "./begin-state.ts";
import { exchange, type LinkParts } from "./link.ts";
import type { MachineFacts } from "./machine-facts.ts";
import type { Online } from "./online.ts";
import { pinPage } from "./provided.ts";
import type { Reach } from "./reach.ts";
import { sealAnswers } from "./seal-answers.ts";
import { knownKey, learnKeys } from "./server-keys.ts";
import type { ServerLink } from "./server-link.ts";

export interface RecoveryParts extends LinkParts {
  readonly keeper: StateKeeper;
  readonly timekeeper: Timekeeper;
  readonly reach: Reach;
  readonly link: ServerLink;
  readonly online: Online;
  readonly facts: () => MachineFacts;
  /** Overrides the address that the machine joined at. */
  readonly url: string | undefined;
  readonly budgetMs: number;
  readonly syncSoon: () => void;
}

export class Recovery implements SignInRecovery {
  readonly #parts: RecoveryParts;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  possible(): boolean {
    return this.#parts.keeper.recovery() !== undefined;
  }

  async verify(attempt: Attempt, dialogue: string, answers: readonly string[]): Promise<Verified> {
    const { keeper, timekeeper, reach, link, online, clock, facts, url, budgetMs } = this.#parts;
    const lost = keeper.recovery();
    if (lost === undefined) return { verdict: "offline" };
    const { server, recoveryKey } = lost.note;
    const machine = keeper.newMachine();
    const { signingKey, boxKey } = publicIdentity(machine.keys.identity);
    const id = machineId({ signingKey, boxKey });
    const key = Buffer.from(recoveryKey, "base64");
    const request = {
      sequence: 0,
      sentAtMs: Math.round(clock.wallMs()),
      ...knownKey(server),
      oldMachine: server.machine,
      proof: recoveryProof(key, server.machine, signingKey, boxKey).toBase64(),
      loss: lost.loss,
      signingKey: signingKey.toBase64(),
      boxKey: boxKey.toBase64(),
      ...facts(),
      dialogue,
      user: attempt.user,
      kind: attempt.kind,
      service: attempt.service,
      caller: attempt.caller,
      sealedAnswers: sealAnswers(server.boxKey, answers),
    };
    const signer = { keyId: id, privateKey: machine.keys.identity.signing.privateKey };
    const known = (documents: readonly SignedDocument[] | undefined) => {
      const learnt = learnKeys(server, documents);
      // Without a state there is no trusted time: no earlier key is good.
      return learnt && [Buffer.from(learnt.signingKey, "base64")];
    };
    const stop = new AbortController().signal;
    const at = url ?? server.url;
    const asked = await exchange(this.#parts, at, "recover", request, signer, { known }, budgetMs, stop);
    if (!asked.ok) return { verdict: "offline" };
    const { result, serverTimeMs, serverKeys } = asked.response;
    const newest = learnKeys(server, serverKeys) ?? server;
    if (newest !== server) keeper.noteServer(newest);
    if (result.verdict === "pin-needed")
      return { verdict: "pin-needed", address: pinPage(result.address, at) };
    if (result.verdict !== "granted") return result;
    link.reset();
    const answer = { ...result, serverTimeMs };
    const event = { kind: "state-damaged", reason: lost.loss } as const;
    const fresh = { ...newest, machine: id };
    if (result.machine !== id || !beginState(keeper, timekeeper, machine, fresh, answer, event))
      return { verdict: "offline" };
    reach.heard(serverTimeMs);
    online.settle(attempt, result.bundle);
    this.#parts.syncSoon();
    return { verdict: "granted", method: result.method, mayEnrol: result.mayEnrol, maySeed: false };
  }
}
