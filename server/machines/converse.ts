// One signed request of a joined machine, from its parsed body to the body of the answer: the gate, the work and the
// pending revocations in one transaction, durable before the answer leaves.

import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { Clock } from "../../words/clock.ts";
import { type ServerIdentity, serverKeysAfter } from "../identity/server-keys.ts";
import type { Store, Tx } from "../store/store.ts";
import { type Busy, busy } from "../verification/slow-lane.ts";
import { acceptRequest, type Signed } from "./accept-request.ts";
import { FormerNames } from "./former-names.ts";
import type { Machine } from "./machines.ts";
import { takePlace } from "./recover.ts";
import { pendingRevocations } from "./revocations.ts";

export interface Asking {
  readonly sequence: number;
  readonly revokedThrough: number;
  readonly serverKey?: number | undefined;
}

/** What one exchange does. `P` is what was worked out before the transaction. */
export interface Exchange<Q extends Asking, P, A extends object> {
  /** The names of all users whose rows the exchange reads or writes; `any` when only its work finds out. */
  users(request: Q): readonly string[] | "any";
  /**
   * Slow work that needs no lock. It decides nothing. `gone`: nobody waits for it any more. `afresh`: what it was done by
   * before was not the newest.
   */
  prepare(request: Q, machine: Machine, gone: AbortSignal, afresh: boolean): Promise<P | Busy>;
  /** @throws PrepareAgain */
  answer(tx: Tx, machine: Machine, request: Q, prepared: P, nowMs: number): Promise<A>;
  answerRevoked(tx: Tx, machine: Machine, request: Q, nowMs: number): Promise<A>;
}

/** By an exchange's work: what was prepared does not fit what holds by now. Nothing is kept, and it is prepared afresh. */
export class PrepareAgain extends Error {
  override readonly name = "PrepareAgain";
}

/** What the machine says touches users whose names it does not say: nothing is kept, and it is done again with their rows its own. */
class OthersTouched extends Error {
  override readonly name = "OthersTouched";
  readonly users: readonly string[];
  constructor(users: readonly string[]) {
    super();
    this.users = users;
  }
}

/** Whoever changes the policy more often than this while one sign-in goes on has to wait. */
const mostPreparations = 3;

export type Reply<A> =
  | {
      readonly kind: "answered";
      readonly body: A & { readonly serverTimeMs: number; readonly revocations: SignedDocument[] };
    }
  | {
      readonly kind: "sequence-conflict";
      readonly revocations: SignedDocument[];
      readonly serverKeys?: SignedDocument[];
    }
  | { readonly kind: "unknown" }
  /** The asker had gone before the work began, or it could not be done in time: nothing was accepted. */
  | { readonly kind: "abandoned" };

export async function converse<Q extends Asking, P, A extends object>(
  store: Store,
  clock: Clock,
  exchange: Exchange<Q, P, A>,
  machine: Machine,
  signed: Signed,
  request: Q,
  gone: AbortSignal,
  identity: ServerIdentity,
): Promise<Reply<A>> {
  const asked = exchange.users(request);
  let touched = asked;
  const carryOut = (prepared: { readonly value: P } | undefined) => {
    const signingKey = identity.signing.privateKey;
    const keys = serverKeysAfter(identity, request.serverKey);
    return async (tx: Tx): Promise<Reply<A>> => {
      const nowMs = clock.wallMs();
      const accepted = await acceptRequest(tx, machine.id, request, signed, signingKey, nowMs);
      if (accepted.kind === "unknown") return { kind: "unknown" };
      const revocations = () => pendingRevocations(tx, signingKey, machine.id, request.revokedThrough);
      // Whoever holds an old copy of the state is told what must be carried out whatever is asked, and nothing else.
      if (accepted.kind === "sequence-conflict")
        return { kind: "sequence-conflict", revocations: await revocations(), ...keys };
      await checkTouched(tx, accepted.machine, asked, touched);
      if (accepted.kind === "accepted") await takePlace(tx, signingKey, accepted.machine, nowMs);
      const answer =
        accepted.kind === "revoked"
          ? await exchange.answerRevoked(tx, accepted.machine, request, nowMs)
          : await exchange.answer(tx, accepted.machine, request, given(prepared), nowMs);
      const body = { serverTimeMs: nowMs, revocations: await revocations(), ...keys, ...answer };
      return { kind: "answered", body };
    };
  };
  // A machine that takes another's place ends what any user had there.
  const transaction = (work: (tx: Tx) => Promise<Reply<A>>) =>
    touched === "any" || machine.recoveredFrom !== null
      ? store.write(work)
      : store.exchange({ machine: machine.id, users: touched }, work);
  // A replay costs no slow work. Only the gate, inside the transaction, decides about it.
  const worthwhile = request.sequence > machine.sequence && machine.revokedAtMs === null;
  for (let time = 0; time < mostPreparations; time++) {
    let prepared: { readonly value: P } | undefined;
    if (worthwhile) {
      const value = await exchange.prepare(request, machine, gone, time > 0);
      if (value === busy) return { kind: "abandoned" };
      prepared = { value };
    }
    // A machine that has given up goes on with a higher sequence; carrying this one out late would look like a clone.
    if (gone.aborted) return { kind: "abandoned" };
    try {
      return await transaction(carryOut(prepared));
    } catch (error) {
      if (error instanceof OthersTouched && touched !== "any") touched = [...touched, ...error.users];
      else if (!(error instanceof PrepareAgain)) throw error;
    }
  }
  return { kind: "abandoned" };
}

/**
 * Of the names it says some may be former ones: then it is about who had them, too. Not also about who had those names before:
 * where a whole row of users has moved up by one name, that would be all of them, one attempt after the other.
 */
async function checkTouched(
  tx: Tx,
  machine: Machine,
  asked: readonly string[] | "any",
  touched: readonly string[] | "any",
): Promise<void> {
  if (asked === "any" || touched === "any" || asked.length === 0) return;
  const names = new Set(asked.map((name) => name.normalize("NFC")));
  const own = new Set(touched.map((name) => name.normalize("NFC")));
  const { all } = await FormerNames.on(tx, machine);
  const holders = all.filter(({ userName }) => names.has(userName));
  const others = holders.map(({ holder }) => holder).filter((holder) => !own.has(holder));
  if (others.length > 0) throw new OthersTouched(others);
}

/** Sequences only rise and revoked machines stay so: what was not worth preparing for is not accepted either. */
function given<P>(prepared: { readonly value: P } | undefined): P {
  if (prepared === undefined) throw new Error("a request was accepted that nothing was prepared for");
  return prepared.value;
}
