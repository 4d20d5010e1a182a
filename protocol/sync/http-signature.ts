// HTTP Message Signatures (RFC 9421) with ed25519 and Content-Digest (RFC 9530), in the one profile spoken here:
//   request   "@method" "@path" "content-digest"; created, nonce, keyid, alg
//   response  "@status" "content-digest" "signature";req;key="sig1"; created, keyid, alg
// The response covers the request's signature: that ties an answer to its question, so an old or another answer fails.

import { createHash } from "node:crypto";
import { theSodium } from "../crypto/sodium.ts";

export interface SignedHeaders {
  readonly "content-digest": string;
  readonly "signature-input": string;
  readonly signature: string;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const label = "sig1";

/** `sha-256=:…:` over the exact bytes of the body (RFC 9530 section 2). */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
}

export interface Request {
  readonly method: string;
  /** Without the query: nothing here has one. */
  readonly path: string;
  readonly body: Uint8Array;
}

export function signRequest(
  request: Request,
  by: { readonly keyId: string; readonly privateKey: Uint8Array },
  createdMs: number,
  nonce: Uint8Array,
): SignedHeaders {
  const created = Math.floor(createdMs / 1000);
  const params = `("@method" "@path" "content-digest");created=${created};nonce="${nonce.toBase64()}";keyid="${by.keyId}";alg="ed25519"`;
  return headers(requestBase(request, params), params, request.body, by.privateKey);
}

export interface RequestSignature {
  readonly keyId: string;
  readonly nonce: string;
  readonly createdMs: number;
  /** Checks the signature itself, once the key of `keyId` is known. */
  verify(publicKey: Uint8Array): boolean;
}

const requestInput =
  /^sig1=(\("@method" "@path" "content-digest"\);created=(\d{1,12});nonce="([A-Za-z0-9+/=]{16,88})";keyid="([A-Za-z0-9:._-]{1,80})";alg="ed25519")$/;

/** Reads the signature of a request; undefined if it is missing, in another profile, or the digest is not the body's. */
export function readRequestSignature(request: Request, given: Headers): RequestSignature | undefined {
  const input = requestInput.exec(single(given["signature-input"]));
  const signature = readSignature(given);
  const [, params, created, nonce, keyId] = input ?? [];
  if (!params || !created || !nonce || !keyId || !signature) return undefined;
  if (single(given["content-digest"]) !== contentDigest(request.body)) return undefined;
  return {
    keyId,
    nonce,
    createdMs: Number(created) * 1000,
    verify: (publicKey) => verify(signature, requestBase(request, params), publicKey),
  };
}

export interface Response {
  readonly status: number;
  readonly body: Uint8Array;
}

/** `requestSignature` is the request's Signature header, as it was sent. */
export function signResponse(
  response: Response,
  requestSignature: string,
  by: { readonly keyId: string; readonly privateKey: Uint8Array },
  createdMs: number,
): SignedHeaders {
  const created = Math.floor(createdMs / 1000);
  const params = `("@status" "content-digest" "signature";req;key="${label}");created=${created};keyid="${by.keyId}";alg="ed25519"`;
  return headers(responseBase(response, requestSignature, params), params, response.body, by.privateKey);
}

const responseInput =
  /^sig1=(\("@status" "content-digest" "signature";req;key="sig1"\);created=\d{1,12};keyid="[A-Za-z0-9:._-]{1,80}";alg="ed25519")$/;

/** True only if these bytes with this status were signed by this key as the answer to that very request. */
export function verifyResponse(
  response: Response,
  given: Headers,
  requestSignature: string,
  publicKey: Uint8Array,
): boolean {
  const params = responseInput.exec(single(given["signature-input"]))?.[1];
  const signature = readSignature(given);
  if (!params || !signature) return false;
  if (single(given["content-digest"]) !== contentDigest(response.body)) return false;
  return verify(signature, responseBase(response, requestSignature, params), publicKey);
}

/** The signature base of RFC 9421 section 2.5: one line a component, the parameters last. */
export function signatureBase(components: readonly (readonly [string, string])[], params: string): string {
  const lines = components.map(([name, value]) => `${name}: ${value}`);
  return [...lines, `"@signature-params": ${params}`].join("\n");
}

function requestBase(request: Request, params: string): string {
  return signatureBase(
    [
      ['"@method"', request.method],
      ['"@path"', request.path],
      ['"content-digest"', contentDigest(request.body)],
    ],
    params,
  );
}

function responseBase(response: Response, requestSignature: string, params: string): string {
  return signatureBase(
    [
      ['"@status"', String(response.status)],
      ['"content-digest"', contentDigest(response.body)],
      [`"signature";req;key="${label}"`, bareSignature(requestSignature) ?? ""],
    ],
    params,
  );
}

function headers(base: string, params: string, body: Uint8Array, privateKey: Uint8Array): SignedHeaders {
  const signature = theSodium().crypto_sign_detached(Buffer.from(base, "utf8"), privateKey);
  return {
    "content-digest": contentDigest(body),
    "signature-input": `${label}=${params}`,
    signature: `${label}=:${signature.toBase64()}:`,
  };
}

function verify(signature: Uint8Array, base: string, publicKey: Uint8Array): boolean {
  return theSodium().crypto_sign_verify_detached(signature, Buffer.from(base, "utf8"), publicKey);
}

/** The byte sequence `:…:` of the one label (RFC 8941 section 3.3.5); 64 bytes have one spelling: the last bits are zero. */
function bareSignature(header: string): string | undefined {
  return /^sig1=(:[A-Za-z0-9+/]{85}[AQgw]==:)$/.exec(header)?.[1];
}

function readSignature(given: Headers): Uint8Array | undefined {
  const bare = bareSignature(single(given["signature"]));
  return bare === undefined ? undefined : Buffer.from(bare.slice(1, -1), "base64");
}

/** A header that came twice is no header. */
function single(value: string | string[] | undefined): string {
  return typeof value === "string" ? value : "";
}
