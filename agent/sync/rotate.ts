// New keys for a machine that keeps its name and its state. The server is told first and holds both; the new ones are in
// force with the first request that they sign, which is a sync at once. Until then whatever is lost on the way changes nothing.

import { publicIdentity, rotationProof } from "../../protocol/crypto/keys.ts";
import { openSealed } from "../../protocol/crypto/sealed-box.ts";
import type { ResponseOf } from "../../protocol/sync/exchanges.ts";
import { secondMs } from "../../words/clock.ts";
import type { Standing } from "../policy/standing.ts";
import type { NewMachine, StateKeeper } from "../state/keeper.ts";
import type { EventDraft } from "../state/outbox.ts";
import type { ProtectorName } from "../state/protector.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
import { receiveBundle } from "./receive.ts";
import type { ServerLink } from "./server-link.ts";
import { reportedEnrolments } from "./synchronise.ts";
import type { Weather } from "./transport.ts";

export type Rotated =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: Weather | "refused" | "revoked" | "damaged-enrolments" };

const budgetMs = 15 * secondMs;

/** @throws NoState, StateDamaged, CommitFailed; Error when the protector can't be used. The state is as it was then. */
export async function rotateKeys(
  link: ServerLink,
  keeper: StateKeeper,
  timekeeper: Timekeeper,
  protector: ProtectorName,
): Promise<Rotated> {
  const store = keeper.store();
  // A record that can't be read bars its user; it must not be gone because the keys are others.
  if (store.standings().damaged > 0) return { ok: false, why: "damaged-enrolments" };
  const machine = keeper.newMachine();
  const { signingKey, boxKey } = publicIdentity(machine.keys.identity);
  const old = store.keys.identity.signing.publicKey;
  const question = {
    signingKey: signingKey.toBase64(),
    boxKey: boxKey.toBase64(),
    proof: rotationProof(store.server().machine, old, machine.keys.identity).toBase64(),
    enrolments: reportedEnrolments(store),
  };
  let taken = false;
  const asked = await link.askAndTake("rotate", question, budgetMs, (response) => {
    if (keeper.condition().state === "healthy")
      taken = take(keeper, timekeeper, machine, protector, response);
  });
  if (keeper.condition().state === "revoked") return { ok: false, why: "revoked" };
  if (!asked.ok) return { ok: false, why: asked.weather };
  return taken ? { ok: true } : { ok: false, why: "refused" };
}

/** In one go, so that no sign-in comes between: what has happened since the question was asked is in the new state too. */
function take(
  keeper: StateKeeper,
  timekeeper: Timekeeper,
  machine: NewMachine,
  protector: ProtectorName,
  response: ResponseOf<"rotate">,
): boolean {
  const { sealedRecoveryKey, bundles } = response;
  const { box } = machine.keys.identity;
  const recoveryKey =
    sealedRecoveryKey === null ? undefined : openSealed(box, Buffer.from(sealedRecoveryKey, "base64"));
  if (recoveryKey?.length !== 32) return false;
  const store = keeper.store();
  const { moment, wallMs } = timekeeper.now(store.head.time);
  const standings: Standing[] = [];
  for (const document of bundles) {
    const received = receiveBundle(store, document, undefined, box, moment.nowMs);
    if (received.ok && !received.value.isNew) standings.push(received.value.standing);
  }
  const kept = new Set(standings.map(({ user }) => user));
  const remove = store
    .standings()
    .readable.map(({ user }) => user)
    .filter((user) => !kept.has(user));
  const events = remove.map((user): EventDraft => ({ kind: "disenrolled", user, reason: "not-renewed" }));
  if (remove.length > 0) keeper.commit({ nowMs: moment.nowMs, wallMs, remove, events });
  keeper.switchTo({ machine, protector, recoveryKey, standings });
  keeper.commit({ nowMs: moment.nowMs, wallMs, events: [{ kind: "keys-rotated", reason: protector }] });
  return true;
}
