// A machine that speaks to the server as an agent does: as much of one as the server can see.

import * as v from "valibot";
import { systemRandom as random } from "../../platform/random.ts";
import { deriveIdentity, type Identity, machineId, publicIdentity } from "../../protocol/crypto/keys.ts";
import { openSealed, sealTo } from "../../protocol/crypto/sealed-box.ts";
import { openDocument, type SignedDocument } from "../../protocol/crypto/signed-document.ts";
import {
  type Authenticator,
  type Bundle,
  bundleSchema,
  machinePolicySchema,
  type Revocation,
  revocationSchema,
  type SealedContent,
  sealedContentSchema,
} from "../../protocol/sync/documents.ts";
import { chainHash, chainStart, type Event } from "../../protocol/sync/events.ts";
import {
  type ExchangeName,
  exchanges,
  type RequestOf,
  type ResponseOf,
} from "../../protocol/sync/exchanges.ts";
import { signRequest, verifyResponse } from "../../protocol/sync/http-signature.ts";
import { joinProof, joinProofKey, joinTokenId, parseJoinToken } from "../../protocol/sync/join-token.ts";
import type { Clock } from "../../words/clock.ts";

export type Fetch = (request: Request) => Response | Promise<Response>;

export interface Sent {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly requestSignature: string;
}

export class TestMachine {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly hostname: string;
  readonly identity: Identity;
  readonly id: string;
  origin = "http://localhost";
  sequence = 0;
  revokedThrough = 0;
  machinePolicySerial = 0;
  serverSigningKey: Uint8Array = new Uint8Array();
  serverBoxKey: Uint8Array = new Uint8Array();
  enrolments: RequestOf<"sync">["enrolments"] = [];
  readonly lines: string[] = [];
  eventsThrough = 0;

  constructor(fetch: Fetch, clock: Clock, hostname: string) {
    this.fetch = fetch;
    this.clock = clock;
    this.hostname = hostname;
    this.identity = deriveIdentity(random.bytes(32));
    this.id = machineId(publicIdentity(this.identity));
  }

  joinRequest(tokenText: string): RequestOf<"join"> {
    const token = parseJoinToken(tokenText);
    if (!token.ok) throw new Error(token.error);
    const keys = publicIdentity(this.identity);
    const proof = joinProof(joinProofKey(token.value.secret), keys.signingKey, keys.boxKey);
    return {
      sequence: ++this.sequence,
      sentAtMs: this.clock.wallMs(),
      tokenId: joinTokenId(token.value.secret),
      proof: proof.toBase64(),
      signingKey: keys.signingKey.toBase64(),
      boxKey: keys.boxKey.toBase64(),
      ...this.about(),
    };
  }

  about() {
    return { hostname: this.hostname, platform: "linux", agentVersion: "0.1.0", protector: "file" };
  }

  async join(token: string): Promise<ResponseOf<"join">> {
    const sent = await this.send("join", this.joinRequest(token));
    if (sent.status !== 200) throw new Error(`join: ${sent.status}`);
    const answer = v.parse(exchanges.join.response, parse(sent));
    this.serverSigningKey = Buffer.from(answer.serverSigningKey, "base64");
    this.serverBoxKey = Buffer.from(answer.serverBoxKey, "base64");
    this.check(sent);
    this.machinePolicySerial = this.openMachinePolicy(answer.machinePolicy).serial;
    return answer;
  }

  /** Signs and sends any body; nothing is checked. */
  async send(name: ExchangeName, body: unknown): Promise<Sent> {
    return this.sendBytes(exchanges[name].path, Buffer.from(JSON.stringify(body), "utf8"));
  }

  async sendBytes(path: string, body: Uint8Array<ArrayBuffer>): Promise<Sent> {
    const headers = this.sign(path, body);
    const response = await this.fetch(
      new Request(this.origin + path, { method: "POST", body, headers: { ...headers } }),
    );
    return {
      status: response.status,
      headers: response.headers,
      body: new Uint8Array(await response.arrayBuffer()),
      requestSignature: headers.signature,
    };
  }

  sign(path: string, body: Uint8Array) {
    const by = { keyId: this.id, privateKey: this.identity.signing.privateKey };
    return signRequest({ method: "POST", path, body }, by, this.clock.wallMs(), random.bytes(16));
  }

  /** Whether the answer is signed by the server and bound to this very request. */
  isSigned(sent: Sent, requestSignature = sent.requestSignature): boolean {
    const headers = Object.fromEntries(sent.headers);
    return verifyResponse(
      { status: sent.status, body: sent.body },
      headers,
      requestSignature,
      this.serverSigningKey,
    );
  }

  check(sent: Sent): void {
    if (!this.isSigned(sent)) throw new Error("the answer is not signed by the server for this request");
  }

  async ask<N extends Exclude<ExchangeName, "join">>(name: N, body: RequestOf<N>): Promise<ResponseOf<N>> {
    const sent = await this.send(name, body);
    if (sent.status !== 200) throw new Error(`${name}: ${sent.status} ${Buffer.from(sent.body).toString()}`);
    this.check(sent);
    return v.parse(exchanges[name].response as v.GenericSchema<unknown, ResponseOf<N>>, parse(sent));
  }

  asking() {
    return {
      sequence: ++this.sequence,
      sentAtMs: this.clock.wallMs(),
      revokedThrough: this.revokedThrough,
    };
  }

  verifyRequest(user: string, answers: readonly string[], more: Partial<RequestOf<"verify">> = {}) {
    const sealed = sealTo(this.serverBoxKey, Buffer.from(JSON.stringify(answers), "utf8"));
    return {
      ...this.asking(),
      dialogue: random.bytes(16).toBase64(),
      user,
      kind: "logon" as const,
      service: "login",
      caller: "system" as const,
      sealedAnswers: sealed.toBase64(),
      spent: [],
      ...more,
    };
  }

  async verify(user: string, answers: readonly string[], more: Partial<RequestOf<"verify">> = {}) {
    return (await this.ask("verify", this.verifyRequest(user, answers, more))).result;
  }

  /** Verifies, which must be granted, and keeps the bundle as an agent would. */
  async enrolledVerify(user: string, answers: readonly string[]): Promise<Bundle> {
    const result = await this.verify(user, answers);
    if (result.verdict !== "granted" || result.bundle === null)
      throw new Error(`no bundle: ${result.verdict}`);
    return this.keep(result.bundle);
  }

  keep(document: SignedDocument): Bundle {
    const bundle = this.openBundle(document);
    const others = this.enrolments.filter((enrolment) => enrolment.user !== bundle.user);
    const kept = {
      user: bundle.user,
      bundleSerial: bundle.serial,
      leaseId: bundle.lease.id,
      signInsUsed: 0,
      spent: [],
    };
    this.enrolments = [...others, kept];
    return bundle;
  }

  syncRequest(from = this.eventsThrough + 1): RequestOf<"sync"> {
    return {
      ...this.asking(),
      ...this.about(),
      events: { from, previous: this.chainBefore(from), lines: this.lines.slice(from - 1) },
      machinePolicySerial: this.machinePolicySerial,
      enrolments: this.enrolments,
    };
  }

  /** Syncs and keeps what comes, but for revocations: those are kept by who wants to see them repeated. */
  async sync(more: Partial<RequestOf<"sync">> = {}): Promise<ResponseOf<"sync">> {
    const answer = await this.ask("sync", { ...this.syncRequest(), ...more });
    this.eventsThrough = answer.eventsThrough;
    if (answer.machinePolicy !== null)
      this.machinePolicySerial = this.openMachinePolicy(answer.machinePolicy).serial;
    for (const bundle of answer.bundles) this.keep(bundle);
    return answer;
  }

  event(kind: Event["kind"], more: Partial<Event> = {}): void {
    const event: Event = {
      sequence: this.lines.length + 1,
      id: random.bytes(16).toHex(),
      atMs: this.clock.wallMs(),
      wallMs: this.clock.wallMs(),
      kind,
      ...more,
    };
    this.lines.push(JSON.stringify(event));
  }

  chainBefore(sequence: number): string {
    return this.lines.slice(0, sequence - 1).reduce(chainHash, chainStart);
  }

  openBundle(document: SignedDocument): Bundle {
    const bundle = openDocument("bundle", document, this.serverSigningKey, bundleSchema);
    if (!bundle.ok) throw new Error(bundle.error);
    return bundle.value;
  }

  authenticators(bundle: Bundle): Authenticator[] {
    return this.sealedContent(bundle).authenticators;
  }

  sealedContent(bundle: Bundle): SealedContent {
    const opened = openSealed(this.identity.box, Buffer.from(bundle.sealed, "base64"));
    if (opened === undefined) throw new Error("the bundle is not sealed to this machine");
    return v.parse(sealedContentSchema, JSON.parse(Buffer.from(opened).toString("utf8")));
  }

  openMachinePolicy(document: SignedDocument) {
    const policy = openDocument("machine-policy", document, this.serverSigningKey, machinePolicySchema);
    if (!policy.ok) throw new Error(policy.error);
    return policy.value;
  }

  openRevocation(document: SignedDocument): Revocation {
    const revocation = openDocument("revocation", document, this.serverSigningKey, revocationSchema);
    if (!revocation.ok) throw new Error(revocation.error);
    return revocation.value;
  }
}

export function parse(sent: { readonly body: Uint8Array }): unknown {
  return JSON.parse(Buffer.from(sent.body).toString("utf8"));
}
