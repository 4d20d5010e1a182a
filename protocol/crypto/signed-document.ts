// What must hold longer than one response (bundle, machine policy, revocation) is signed as exact bytes, kept with its
// signature, and checked again whenever it is used.

import * as v from "valibot";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import { base64, base64Of } from "../sync/encoding.ts";
import { theSodium } from "./sodium.ts";

/** Each kind of document is signed under its own label: none can stand in for another. */
export type DocumentLabel = "bundle" | "machine-policy" | "revocation" | "server-key";

export const signedDocumentSchema = v.strictObject({
  /** The JSON text's bytes, exactly as signed. */
  payload: base64(262_144),
  /** Ed25519 over `nightlatch/LABEL/1`, a zero byte, and the payload. */
  signature: base64Of(64),
});
export type SignedDocument = v.InferOutput<typeof signedDocumentSchema>;

export function signDocument(label: DocumentLabel, content: unknown, privateKey: Uint8Array): SignedDocument {
  const payload = Buffer.from(JSON.stringify(content), "utf8");
  const signature = theSodium().crypto_sign_detached(signedBytes(label, payload), privateKey);
  return { payload: payload.toString("base64"), signature: signature.toBase64() };
}

/** The same bytes under another key: what was issued before a key's time was over is good after it, too. */
export function signAgain(
  label: DocumentLabel,
  { payload }: SignedDocument,
  privateKey: Uint8Array,
): SignedDocument {
  const bytes = signedBytes(label, Buffer.from(payload, "base64"));
  return { payload, signature: theSodium().crypto_sign_detached(bytes, privateKey).toBase64() };
}

/** The content, if it is signed under this label by this key, or one of these, and has the schema's shape. */
export function openDocument<S extends v.GenericSchema>(
  label: DocumentLabel,
  document: SignedDocument,
  by: Uint8Array | readonly Uint8Array[],
  schema: S,
): Parsed<v.InferOutput<S>> {
  const payload = Buffer.from(document.payload, "base64");
  const signature = Buffer.from(document.signature, "base64");
  const keys = by instanceof Uint8Array ? [by] : by;
  const message = signedBytes(label, payload);
  if (!keys.some((key) => theSodium().crypto_sign_verify_detached(signature, message, key)))
    return unparsed(`${label}: not signed by this server`);
  try {
    const content = v.safeParse(schema, JSON.parse(payload.toString("utf8")));
    return content.success ? parsed(content.output) : unparsed(`${label}: unknown shape`);
  } catch {
    return unparsed(`${label}: not JSON`);
  }
}

function signedBytes(label: DocumentLabel, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`nightlatch/${label}/1\0`, "ascii"), payload]);
}
