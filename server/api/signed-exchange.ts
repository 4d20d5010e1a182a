// From the bytes of a request to the bytes of a signed answer. Order matters: size, signature over the exact bytes,
// shape, and only then the exchange itself.

import type { Context } from "hono";
import * as v from "valibot";
import { machineId } from "../../protocol/crypto/keys.ts";
import { type SignedDocument, signAgain } from "../../protocol/crypto/signed-document.ts";
import { conflict, type RequestOf, type ResponseOf } from "../../protocol/sync/exchanges.ts";
import {
  type RequestSignature,
  readRequestSignature,
  signResponse,
} from "../../protocol/sync/http-signature.ts";
import type { Clock } from "../../words/clock.ts";
import { type ServerIdentity, serverKeysAfter } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import { type Asking, converse, type Exchange } from "../machines/converse.ts";
import { type Joining, keysOf } from "../machines/join.ts";
import { signerOf } from "../machines/machine-keys.ts";
import { findMachine, flagMachine, type Machine } from "../machines/machines.ts";
import { printOf } from "../machines/recent-requests.ts";
import type { Recovering } from "../machines/recover.ts";
import type { Store } from "../store/store.ts";
import { type RefusalCode, refusalBody, refusals } from "./refusal.ts";
import { type RouteName, routes } from "./routes.ts";

/** The server's key id in every answer's signature. */
const serverKeyId = "server";

/** For the log: who asked, once the signature has told. */
export interface Asked {
  /** Names the request in the log, and in the answer's x-request-id. */
  request?: string;
  /** Of a sign-in, once it has been judged. */
  verdict?: ResponseOf<"verify">["result"]["verdict"];
  machine?: string;
}

type Outcome =
  | { readonly kind: "answered" | "conflict"; readonly body: object }
  | { readonly kind: "refused"; readonly code: RefusalCode };

interface Incoming {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly signature: RequestSignature;
  /** Once the signature has been verified: what was sealed to a key that another process has made is not taken for wrong. */
  catchUp(knownToMachine: number | undefined): Promise<void>;
}

const inConflict = (
  code: "sequence-conflict" | "keys-retired",
  { revocations, serverKeys }: { revocations: SignedDocument[]; serverKeys?: SignedDocument[] },
): Outcome => ({
  kind: "conflict",
  body: { ...refusalBody(code), revocations, ...(serverKeys === undefined ? {} : { serverKeys }) },
});
const refused = (code: RefusalCode): Outcome => ({ kind: "refused", code });

export class SignedExchanges {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #identity: ServerIdentity;
  readonly #vault: Vault;

  constructor(parts: { store: Store; clock: Clock; identity: ServerIdentity; vault: Vault }) {
    this.#vault = parts.vault;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#identity = parts.identity;
  }

  /** The key that must have signed is in the request itself; the machine's id binds both of its keys together. */
  join(context: Context, joining: Joining, asked: Asked): Promise<Response> {
    return this.#bySelf(context, "join", asked, async (request) => {
      const outcome = await joining.join(request);
      switch (outcome.kind) {
        case "joined":
          return { kind: "answered", body: outcome.response };
        case "refused":
          return refused("join-refused");
        case "sequence-conflict":
          return refused("sequence-conflict");
      }
    });
  }

  recover(context: Context, recovering: Recovering, asked: Asked): Promise<Response> {
    return this.#bySelf(context, "recover", asked, async (request) => {
      const outcome = await recovering.recover(request, context.req.raw.signal);
      if (outcome.kind === "busy") return refused("unavailable");
      return outcome.kind === "answered" ? outcome : refused("unsigned");
    });
  }

  #bySelf<N extends "join" | "recover">(
    context: Context,
    name: N,
    asked: Asked,
    work: (request: RequestOf<N>) => Promise<Outcome>,
  ): Promise<Response> {
    return this.#serve(context, name, async ({ body, signature, catchUp }) => {
      const request = parseBody(routes[name].request, body) as RequestOf<N> | undefined;
      if (request === undefined) return refused("malformed");
      const keys = keysOf(request);
      if (signature.keyId !== machineId(keys) || !signature.verify(keys.signingKey))
        return refused("unsigned");
      await catchUp("serverKey" in request ? request.serverKey : undefined);
      asked.machine = signature.keyId;
      return await work(request);
    });
  }

  async exchange<N extends Exclude<RouteName, "join" | "recover">, P, A extends object>(
    context: Context,
    name: N,
    exchange: Exchange<RequestOf<N> & Asking, P, A>,
    asked: Asked,
  ): Promise<Response> {
    return this.#serve(context, name, async ({ body, signature, catchUp }) => {
      const machine = await findMachine(this.#store.ahead, signature.keyId);
      const signer = machine && (await signerOf(this.#store.db, machine, (key) => signature.verify(key)));
      if (machine === undefined || signer === undefined) return refused("unsigned");
      asked.machine = machine.id;
      if (signer.kind === "replaced") return await this.#replaced(machine, signer.revocation);
      const request = parseBody(routes[name].request, body) as (RequestOf<N> & Asking) | undefined;
      if (request === undefined) return refused("malformed");
      await catchUp(request.serverKey);
      const gone = context.req.raw.signal;
      const reply = await converse(
        this.#store,
        this.#clock,
        exchange,
        machine,
        { by: signer.signingKey, print: printOf(context.req.header("signature") ?? "") },
        request,
        gone,
        this.#identity,
      );
      switch (reply.kind) {
        case "answered":
          return reply;
        case "sequence-conflict":
          return inConflict(reply.kind, reply);
        case "unknown":
          return refused("unsigned");
        case "abandoned":
          return refused("unavailable");
      }
    });
  }

  /** An old copy of the machine, from before it had other keys. */
  async #replaced(machine: Machine, revocation: SignedDocument): Promise<Outcome> {
    const nowMs = this.#clock.wallMs();
    await this.#store.write((tx) => flagMachine(tx, machine, "state-restored", nowMs, { keys: "replaced" }));
    // Which of the server's keys it knows is in a request that nobody reads any more: it is told all of them.
    const keys = serverKeysAfter(this.#identity, undefined);
    const document = signAgain("revocation", revocation, this.#identity.signing.privateKey);
    return inConflict("keys-retired", { revocations: [document], ...keys });
  }

  async #serve(
    context: Context,
    name: RouteName,
    work: (incoming: Incoming) => Promise<Outcome>,
  ): Promise<Response> {
    const { path } = routes[name];
    if (new URL(context.req.url).search !== "") return refuse("malformed");
    const body = new Uint8Array(await context.req.arrayBuffer());
    const signature = readRequestSignature({ method: "POST", path, body }, context.req.header());
    if (signature === undefined) return refuse("unsigned");
    // Before the work: a key that comes meanwhile could be one that the answer does not tell of yet.
    let by = this.#signer();
    const catchUp: Incoming["catchUp"] = async (known = 0) => {
      if (known <= this.#identity.number) return;
      await this.#identity.refresh(this.#store.db, this.#vault);
      by = this.#signer();
    };
    const outcome = await work({ body, signature, catchUp });
    if (outcome.kind === "refused") return refuse(outcome.code);
    const answer = Buffer.from(JSON.stringify(outcome.body), "utf8");
    const to = context.req.header("signature") ?? "";
    const status = outcome.kind === "answered" ? 200 : conflict.status;
    const headers = signResponse({ status, body: answer }, to, by, this.#clock.wallMs());
    return new Response(answer, { status, headers: { ...headers, "content-type": "application/json" } });
  }

  #signer() {
    return { keyId: serverKeyId, privateKey: this.#identity.signing.privateKey };
  }
}

export function refuse(code: RefusalCode): Response {
  return Response.json(refusalBody(code), { status: refusals[code].status });
}

/** Undefined for anything that is not JSON of this shape. What was wrong is not told: it could repeat a code. */
function parseBody<S extends v.GenericSchema>(schema: S, body: Uint8Array): v.InferOutput<S> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    if (hasZeroByte(text)) return undefined;
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** PostgreSQL has no text with one. The text of its escape is none: anybody can type that for a name. @throws SyntaxError */
function hasZeroByte(json: string): boolean {
  if (!json.includes("\\u0000")) return false;
  let found = false;
  JSON.parse(json, (key, value: unknown) => {
    found ||= key.includes("\0") || (typeof value === "string" && value.includes("\0"));
    return value;
  });
  return found;
}
