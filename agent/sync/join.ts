// Joining, once per machine: the token authenticates both ways. The machine proves that it has the secret; the server is
// the one whose identity is in the token, whoever ends the TLS in between.

import { timingSafeEqual } from "node:crypto";
import { machineId, publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import type { ResponseOf } from "../../protocol/sync/exchanges.ts";
import { type JoinToken, joinProof, joinProofKey, joinTokenId } from "../../protocol/sync/join-token.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
import { beginState } from "./begin-state.ts";
import { exchange, type LinkParts } from "./link.ts";
import type { MachineFacts } from "./machine-facts.ts";
import type { Weather } from "./transport.ts";

export type Joined =
  | { readonly ok: true; readonly machine: string; readonly serverTimeMs: number }
  | { readonly ok: false; readonly weather: Weather };

const budgetMs = 15_000;

/** Erases what was there before and begins a new state; the caller has made sure that this is wanted. */
export async function joinServer(
  parts: LinkParts,
  keeper: StateKeeper,
  timekeeper: Timekeeper,
  url: string,
  token: JoinToken,
  facts: MachineFacts,
): Promise<Joined> {
  const machine = keeper.newMachine();
  const { signingKey, boxKey } = publicIdentity(machine.keys.identity);
  const id = machineId({ signingKey, boxKey });
  const request = {
    sequence: 0,
    sentAtMs: Math.round(parts.clock.wallMs()),
    tokenId: joinTokenId(token.secret),
    proof: joinProof(joinProofKey(token.secret), signingKey, boxKey).toBase64(),
    signingKey: signingKey.toBase64(),
    boxKey: boxKey.toBase64(),
    ...facts,
  };
  const signer = { keyId: id, privateKey: machine.keys.identity.signing.privateKey };
  const trusted = (response: ResponseOf<"join">) => serverKeyOf(response, token);
  const stop = new AbortController().signal;
  const asked = await exchange(parts, url, "join", request, signer, trusted, budgetMs, stop);
  if (!asked.ok) return asked;
  const { machine: named, serverSigningKey, serverBoxKey, serverTimeMs } = asked.response;
  const server = { url, machine: id, signingKey: serverSigningKey, boxKey: serverBoxKey };
  if (named !== id || !beginState(keeper, timekeeper, machine, server, asked.response, { kind: "joined" }))
    return { ok: false, weather: "not-the-server" };
  return { ok: true, machine: id, serverTimeMs };
}

/** The signing key in the answer, if answer and token mean the same server. */
function serverKeyOf(response: ResponseOf<"join">, token: JoinToken): Uint8Array | undefined {
  const signingKey = Buffer.from(response.serverSigningKey, "base64");
  const boxKey = Buffer.from(response.serverBoxKey, "base64");
  const same = timingSafeEqual(serverFingerprint({ signingKey, boxKey }), token.serverFingerprint);
  return same ? signingKey : undefined;
}
