// One exchange with the server: sign, send, check, read. Whatever is not the server's own signed answer to this very
// request is weather; so is its signed refusal of a request number, but for the revocations in it.

import * as v from "valibot";
import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import {
  conflict,
  type ExchangeName,
  exchanges,
  maxResponseBytes,
  type RequestOf,
  type ResponseOf,
} from "../../protocol/sync/exchanges.ts";
import { signRequest, verifyResponse } from "../../protocol/sync/http-signature.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { type Post, type Reply, TransportFailure, type Weather } from "./transport.ts";

export type Asked<N extends ExchangeName> =
  | { readonly ok: true; readonly response: ResponseOf<N> }
  | {
      readonly ok: false;
      readonly weather: Weather;
      /** With `sequence-used` only: to be carried out whatever was asked. */
      readonly revocations?: readonly SignedDocument[];
      readonly serverKeys?: readonly SignedDocument[] | undefined;
    };

export interface Signer {
  readonly keyId: string;
  readonly privateKey: Uint8Array;
}

/**
 * By which keys the answer may be signed; undefined for none. A server that is known is known by what the answer tells of
 * its keys; one that is not yet known, by the whole parsed answer (join).
 */
export type ServerKeys<N extends ExchangeName> =
  | { readonly known: (documents: readonly SignedDocument[] | undefined) => Keys }
  | { readonly fresh: (response: ResponseOf<N>) => Keys };

type Keys = readonly Uint8Array[] | undefined;

export interface LinkParts {
  readonly transport: Post;
  readonly clock: Clock;
  readonly random: Random;
}

export async function exchange<N extends ExchangeName>(
  parts: LinkParts,
  baseUrl: string,
  name: N,
  request: RequestOf<N>,
  signer: Signer,
  serverKeys: ServerKeys<N>,
  budgetMs: number,
  stop: AbortSignal,
): Promise<Asked<N>> {
  const { path, response: responseSchema } = exchanges[name];
  const body = Buffer.from(JSON.stringify(request), "utf8");
  // A path in front, put there by a gateway, is not signed: the gateway takes it off again.
  const url = new URL(baseUrl + path);
  const headers = signRequest(
    { method: "POST", path, body },
    signer,
    parts.clock.wallMs(),
    parts.random.bytes(16),
  );
  const done = new AbortController();
  const timeout = new AbortController();
  const signal = AbortSignal.any([timeout.signal, stop]);
  parts.clock.sleep(budgetMs, done.signal).then(
    () => timeout.abort(),
    () => undefined,
  );
  try {
    const reply = await parts.transport.post(url, { ...headers }, body, maxResponseBytes, signal);
    if (reply.status === conflict.status && "known" in serverKeys)
      return refusedNumber(reply, headers.signature, serverKeys.known);
    if (reply.status !== 200) return { ok: false, weather: "status" };
    const parsed = v.safeParse(responseSchema, parseJson(reply.body));
    if (!parsed.success) return { ok: false, weather: "not-the-server" };
    const response = parsed.output as ResponseOf<N>;
    const keys = "known" in serverKeys ? serverKeys.known(response.serverKeys) : serverKeys.fresh(response);
    if (!isSigned(reply, headers.signature, keys)) return { ok: false, weather: "not-the-server" };
    return { ok: true, response };
  } catch (error) {
    if (stop.aborted) return { ok: false, weather: "preempted" };
    if (timeout.signal.aborted) return { ok: false, weather: "timed-out" };
    if (error instanceof TransportFailure) return { ok: false, weather: error.weather };
    throw error;
  } finally {
    done.abort();
  }
}

/** The server has heard this request's number before. Only its own word on this very request brings anything. */
function refusedNumber(
  reply: Reply,
  requestSignature: string,
  known: (documents: readonly SignedDocument[] | undefined) => Keys,
): Asked<never> {
  const parsed = v.safeParse(conflict.response, parseJson(reply.body));
  if (!parsed.success) return { ok: false, weather: "status" };
  const { revocations, serverKeys } = parsed.output;
  return isSigned(reply, requestSignature, known(serverKeys))
    ? { ok: false, weather: "sequence-used", revocations, serverKeys }
    : { ok: false, weather: "status" };
}

function isSigned(reply: Reply, requestSignature: string, keys: Keys): boolean {
  return (keys ?? []).some((key) => verifyResponse(reply, reply.headers, requestSignature, key));
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}
