// A revocation is a signed instruction, carried out before anything else in the answer it came with: keys first, then
// data, and a mark that stays. An error of the server, or silence, revokes nothing.

import { openDocument, type SignedDocument } from "../../protocol/crypto/signed-document.ts";
import { type Revocation, revocationSchema } from "../../protocol/sync/documents.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { EventDraft } from "../state/outbox.ts";
import { acceptableKeys } from "./server-keys.ts";

export interface Applied {
  readonly users: number;
  readonly machine: boolean;
  /** The highest serial carried out, to be reported back. */
  readonly through: number;
}

/** Forged, foreign and old ones are passed over; the rest is carried out in order. @throws CommitFailed */
export function applyRevocations(
  keeper: StateKeeper,
  documents: readonly SignedDocument[],
  nowMs: number,
  wallMs: number,
): Applied {
  const store = keeper.store();
  const server = store.server();
  const keys = acceptableKeys(server, nowMs);
  const revocations: Revocation[] = [];
  for (const document of documents) {
    const opened = openDocument("revocation", document, keys, revocationSchema);
    if (
      opened.ok &&
      opened.value.machine === server.machine &&
      opened.value.serial > store.head.revokedThrough
    )
      revocations.push(opened.value);
  }
  if (revocations.length === 0) return { users: 0, machine: false, through: store.head.revokedThrough };
  const through = Math.max(...revocations.map((revocation) => revocation.serial));
  const ownKey = store.keys.identity.signing.publicKey.toBase64();
  const ends = ({ target }: Revocation) =>
    target.scope === "machine" || (target.scope === "keys" && target.signingKey === ownKey);
  if (revocations.some(ends)) {
    keeper.revoke(server.machine, through);
    return { users: 0, machine: true, through };
  }
  const serials = new Map<string, number>();
  for (const { target, serial } of revocations)
    if (target.scope === "user") serials.set(target.user, Math.max(serials.get(target.user) ?? 0, serial));
  const tombstones = [...serials].map(([user, serial]) => ({ user, serial }));
  const events = tombstones.map(({ user }): EventDraft => ({ kind: "disenrolled", user, reason: "revoked" }));
  const remove = tombstones.map(({ user }) => user);
  keeper.commit({ nowMs, wallMs, events, remove, tombstones, head: { revokedThrough: through } });
  return { users: tombstones.length, machine: false, through };
}
