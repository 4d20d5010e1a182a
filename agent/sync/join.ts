// Joining, once per machine: the token authenticates both ways. The machine proves that it has the secret; the server is
// the one whose identity is in the token, whoever ends the TLS in between.

import { timingSafeEqual } from "node:crypto";
import { machineId, publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import type { ResponseOf } from "../../protocol/sync/exchanges.ts";
import { type JoinToken, joinProof, joinProofKey, joinTokenId } from "../../protocol/sync/join-token.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { ServerRecord } from "../state/shapes.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
import { beginState } from "./begin-state.ts";
import { exchange, type LinkParts } from "./link.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { keysByFingerprint, newestNumber } from "./server-keys.ts";
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
  const fresh = (response: ResponseOf<"join">) => {
    const server = serverOf(response, token, url, id);
    return server && [Buffer.from(server.signingKey, "base64")];
  };
  const stop = new AbortController().signal;
  const asked = await exchange(parts, url, "join", request, signer, { fresh }, budgetMs, stop);
  if (!asked.ok) return asked;
  const { machine: named, serverTimeMs } = asked.response;
  const server = serverOf(asked.response, token, url, id);
  const began = server !== undefined && named === id;
  if (!began || !beginState(keeper, timekeeper, machine, server, asked.response, { kind: "joined" }))
    return { ok: false, weather: "not-the-server" };
  return { ok: true, machine: id, serverTimeMs };
}

/** The server that the answer speaks of, if the token means the same one, or one that it has grown out of. */
function serverOf(
  response: ResponseOf<"join">,
  token: JoinToken,
  url: string,
  machine: string,
): ServerRecord | undefined {
  const answered = { signingKey: response.serverSigningKey, boxKey: response.serverBoxKey };
  const record = { url, machine, ...answered };
  const fingerprint = serverFingerprint({
    signingKey: Buffer.from(answered.signingKey, "base64"),
    boxKey: Buffer.from(answered.boxKey, "base64"),
  });
  if (timingSafeEqual(fingerprint, token.serverFingerprint)) {
    const number = newestNumber(answered.signingKey, response.serverKeys);
    return number === 0 ? record : { ...record, keys: { number, earlier: [] } };
  }
  const keys = keysByFingerprint(token.serverFingerprint, response.serverKeys, answered);
  return keys && { ...record, keys };
}
