// What is held of the server's signed documents, checked again at every use.

import * as v from "valibot";
import type { KeyPair } from "../../protocol/crypto/keys.ts";
import { openSealed } from "../../protocol/crypto/sealed-box.ts";
import { openDocument, type SignedDocument } from "../../protocol/crypto/signed-document.ts";
import {
  type Bundle,
  bundleSchema,
  type MachinePolicy,
  machinePolicySchema,
  type SealedContent,
  sealedContentSchema,
} from "../../protocol/sync/documents.ts";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import type { OpenBundle, Standing } from "../policy/standing.ts";
import { StateDamaged } from "./failures.ts";
import type { Store } from "./store.ts";

/** Checks the server's signature and opens the part sealed to this machine; done again at every use of a bundle. */
export function openBundle(
  document: SignedDocument,
  serverKeys: Uint8Array | readonly Uint8Array[],
  box: KeyPair,
): Parsed<OpenBundle> {
  const bundle = openDocument("bundle", document, serverKeys, bundleSchema);
  if (!bundle.ok) return bundle;
  const content = openSealed(box, Buffer.from(bundle.value.sealed, "base64"));
  if (content === undefined) return unparsed("bundle: not sealed to this machine");
  try {
    const text: unknown = JSON.parse(Buffer.from(content).toString("utf8"));
    const sealed = v.safeParse(sealedContentSchema, text);
    if (!sealed.success) return unparsed("bundle: sealed content of an unknown shape");
    return isMaskedAsAsked(bundle.value, sealed.output)
      ? parsed({ bundle: bundle.value, ...sealed.output })
      : unparsed("bundle: secrets are masked by a PIN that policy does not ask for, or the other way round");
  } catch {
    return unparsed("bundle: the sealed content is not JSON");
  }
}

/** Masked secrets are never taken for plain ones, nor plain ones where a PIN is asked for. */
function isMaskedAsAsked({ policy }: Bundle, { pin, authenticators }: SealedContent): boolean {
  if (pin !== null) return policy.pin.place !== "none";
  return policy.pin.place === "none" || authenticators.every(({ type }) => type === "backup-codes");
}

/** The machine policy in force. @throws StateDamaged */
export function heldMachinePolicy(store: Store): MachinePolicy | undefined {
  const document = store.machinePolicy();
  if (document === undefined) return undefined;
  return once(store, "machine-policy", document, (serverKeys) =>
    openDocument("machine-policy", document, serverKeys, machinePolicySchema),
  );
}

/** A user's bundle. @throws StateDamaged */
export function heldBundle(store: Store, standing: Standing): OpenBundle {
  const { bundle } = standing;
  return once(store, "bundle", bundle, (serverKeys) =>
    openBundle(bundle, serverKeys, store.keys.identity.box),
  );
}

/**
 * Checks and opens all bundles while nobody waits, so that a user's first sign-in after a start is as quick as the next.
 * What can't be opened is left for the sign-in to say.
 */
export async function openAhead(store: Store, pause: () => Promise<void>): Promise<void> {
  for (const standing of store.standings().readable.slice(0, mostKept / 2)) {
    await pause();
    try {
      heldBundle(store, standing);
    } catch (error) {
      if (!(error instanceof StateDamaged)) throw error;
    }
  }
}

/** What was taken while a key was good, and has lain sealed since, is not forgotten when the key's time is over. */
export function storedKeys(store: Store): Uint8Array[] {
  const { signingKey, keys } = store.server();
  const all = [signingKey, ...(keys?.earlier ?? []).map((key) => key.signingKey)];
  return all.map((key) => Buffer.from(key, "base64"));
}

const mostKept = 512;
const kept = new WeakMap<Store, Map<string, unknown>>();

/**
 * The very same bytes, signature included, are not checked twice by one run of the agent: checking costs more than the
 * rest of a sign-in. The bytes themselves are read from the sealed state each time. Kept in memory: what the machine
 * key, which is there too, could open anyway.
 */
function once<T>(
  store: Store,
  kind: string,
  document: SignedDocument,
  check: (serverKeys: readonly Uint8Array[]) => Parsed<T>,
): T {
  const key = `${kind} ${document.signature} ${document.payload}`;
  const opened = kept.get(store) ?? new Map<string, unknown>();
  kept.set(store, opened);
  // What stands under a key was put there by the same kind of check.
  if (opened.has(key)) return opened.get(key) as T;
  const checked = check(storedKeys(store));
  if (!checked.ok) throw new StateDamaged(checked.error);
  if (opened.size >= mostKept) opened.clear();
  opened.set(key, checked.value);
  return checked.value;
}
