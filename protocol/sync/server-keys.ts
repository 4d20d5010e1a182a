// From a server key that is known to the newest, by documents of which each is signed by the key before. Pure.

import * as v from "valibot";
import { type PublicIdentity, serverFingerprint } from "../crypto/keys.ts";
import { openDocument, type SignedDocument } from "../crypto/signed-document.ts";
import { type ServerKey, serverKeySchema } from "./documents.ts";

/** As many as an answer carries. */
export const mostServerKeys = 100;

/**
 * The keys after number `known`, the newest last; empty when there are none. Undefined when one is not signed by the one
 * before, skips a number, or speaks of another key: then nothing of it holds. Documents up to `known` are old news, and
 * passed over.
 */
export function followServerKeys(
  known: { readonly number: number; readonly signingKey: string },
  documents: readonly SignedDocument[],
): ServerKey[] | undefined {
  const followed: ServerKey[] = [];
  let { number, signingKey } = known;
  for (const document of documents) {
    const opened = openDocument("server-key", document, Buffer.from(signingKey, "base64"), serverKeySchema);
    if (!opened.ok) {
      if (followed.length === 0 && numberOf(document) <= known.number) continue;
      return undefined;
    }
    const next = opened.value;
    if (next.number !== number + 1 || next.previousSigningKey !== signingKey) return undefined;
    followed.push(next);
    ({ number, signingKey } = next);
  }
  return followed;
}

/** From the identity that a fingerprint stands for, as a join token has it. Undefined when none of the documents names it. */
export function followFromFingerprint(
  fingerprint: Uint8Array,
  documents: readonly SignedDocument[],
): ServerKey[] | undefined {
  for (const [at, document] of documents.entries()) {
    const said = readServerKey(document);
    if (said === undefined) return undefined;
    const previous: PublicIdentity = {
      signingKey: Buffer.from(said.previousSigningKey, "base64"),
      boxKey: Buffer.from(said.previousBoxKey, "base64"),
    };
    if (!Buffer.from(fingerprint).equals(serverFingerprint(previous))) continue;
    const known = { number: said.number - 1, signingKey: said.previousSigningKey };
    return followServerKeys(known, documents.slice(at));
  }
  return undefined;
}

/** What a document says, signed or not: for finding a place to begin with what is checked. */
export function readServerKey(document: SignedDocument): ServerKey | undefined {
  try {
    const said: unknown = JSON.parse(Buffer.from(document.payload, "base64").toString("utf8"));
    return v.is(serverKeySchema, said) ? said : undefined;
  } catch {
    return undefined;
  }
}

function numberOf(document: SignedDocument): number {
  return readServerKey(document)?.number ?? Number.POSITIVE_INFINITY;
}
