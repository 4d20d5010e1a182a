// The server's keys as this machine knows them, and how it learns of the next: by documents of which each is signed by the
// key before, in the very answer that the last of them verifies.

import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { ServerKey } from "../../protocol/sync/documents.ts";
import { followFromFingerprint, followServerKeys, readServerKey } from "../../protocol/sync/server-keys.ts";
import { mostEarlierKeys, type ServerRecord } from "../state/shapes.ts";

/** The record after these documents; the same one when they bring nothing new. Undefined when one of them is forged. */
export function learnKeys(
  known: ServerRecord,
  documents: readonly SignedDocument[] | undefined,
): ServerRecord | undefined {
  const present = { number: known.keys?.number ?? 0, signingKey: known.signingKey };
  const followed = followServerKeys(present, documents ?? []);
  return followed?.reduce(afterKey, known);
}

function afterKey(known: ServerRecord, next: ServerKey): ServerRecord {
  const { number, signingKey, boxKey, previousSigningKey, previousEndsAtMs } = next;
  const earlier = [
    ...(known.keys?.earlier ?? []),
    { signingKey: previousSigningKey, endsAtMs: previousEndsAtMs },
  ];
  return { ...known, signingKey, boxKey, keys: { number, earlier: earlier.slice(-mostEarlierKeys) } };
}

/** A server as a join token and its first answer tell of it. Undefined when they don't mean the same one. */
export function keysByFingerprint(
  fingerprint: Uint8Array,
  documents: readonly SignedDocument[] | undefined,
  answered: { readonly signingKey: string; readonly boxKey: string },
): ServerRecord["keys"] | undefined {
  const followed = followFromFingerprint(fingerprint, documents ?? []);
  const newest = followed?.at(-1);
  const same = newest?.signingKey === answered.signingKey && newest.boxKey === answered.boxKey;
  // What came before is none of its business: nothing here has been signed by it.
  return same ? { number: newest.number, earlier: [] } : undefined;
}

/** Which number a key has that is trusted already; 0 where no document speaks of it. */
export function newestNumber(signingKey: string, documents: readonly SignedDocument[] | undefined): number {
  const said = (documents ?? []).map(readServerKey).find((key) => key?.signingKey === signingKey);
  return said?.number ?? 0;
}

/** By which keys something that arrives now may be signed. */
export function acceptableKeys({ signingKey, keys }: ServerRecord, nowMs: number): Uint8Array[] {
  const earlier = (keys?.earlier ?? []).filter(({ endsAtMs }) => nowMs < endsAtMs);
  return [signingKey, ...earlier.map((key) => key.signingKey)].map((key) => Buffer.from(key, "base64"));
}

/** As requests carry it: left out for the first. */
export function knownKey({ keys }: ServerRecord): { serverKey?: number } {
  return keys === undefined ? {} : { serverKey: keys.number };
}
