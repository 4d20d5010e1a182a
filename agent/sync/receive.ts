// What the server sends is checked, merged and committed here; older, foreign and forged documents change nothing.

import type { KeyPair } from "../../protocol/crypto/keys.ts";
import { openDocument, type SignedDocument } from "../../protocol/crypto/signed-document.ts";
import { bundleSchema, type MachinePolicy, machinePolicySchema } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import { bundleRefusal, keepSpent, mergeBundle } from "../policy/merge.ts";
import type { OpenBundle, Standing } from "../policy/standing.ts";
import { StateDamaged } from "../state/failures.ts";
import { heldMachinePolicy, openBundle, storedKeys } from "../state/held.ts";
import { spentOfThese } from "../state/spent-here.ts";
import type { Store } from "../state/store.ts";
import { acceptableKeys } from "./server-keys.ts";

export interface Received {
  readonly standing: Standing;
  readonly isNew: boolean;
  /**
   * Something of what was held is not held any more: a seed, as it lies here, or how a PIN is hidden. It must not be found
   * beside what came: two masks of one seed tell the PIN, and a seed that has gone may be good elsewhere.
   */
  readonly forget: boolean;
}

/** The next standing of the user that the bundle is for; nothing is committed yet. */
export function receiveBundle(
  store: Store,
  document: SignedDocument,
  expectedUser: string | undefined,
  /** Whom it is sealed to. */
  box: KeyPair,
  nowMs: number,
): Parsed<Received> {
  const server = store.server();
  const opened = openBundle(document, acceptableKeys(server, nowMs), box);
  if (!opened.ok) return opened;
  const { bundle } = opened.value;
  const before = readable(() => store.standing(bundle.user));
  const refusal = bundleRefusal(bundle, {
    machine: server.machine,
    user: expectedUser ?? bundle.user,
    serial: before === undefined ? 0 : serialOf(store, before),
    revokedSerial: store.revokedSerial(bundle.user),
  });
  if (refusal !== undefined) return unparsed(refusal);
  const merged = mergeBundle(before, bundle.user, document, opened.value, nowMs);
  const standing = before === undefined ? keepSpent(merged, spentBefore(store, merged)) : merged;
  const fresh = secretsOf(opened.value);
  const held = before === undefined ? [] : heldSecrets(store, before);
  const forget = held === undefined || held.some((secret) => !fresh.includes(secret));
  return parsed({ standing, isNew: before === undefined, forget });
}

/** Undefined when it is not newer than the one held. */
export function receiveMachinePolicy(
  store: Store,
  document: SignedDocument,
  nowMs: number,
): Parsed<MachinePolicy> {
  const server = store.server();
  const keys = acceptableKeys(server, nowMs);
  const opened = openDocument("machine-policy", document, keys, machinePolicySchema);
  if (!opened.ok) return opened;
  if (opened.value.machine !== server.machine) return unparsed("machine-policy: another machine's");
  const held = heldMachinePolicy(store);
  if (held !== undefined && opened.value.serial <= held.serial) return unparsed("machine-policy: not newer");
  return opened;
}

/** Under this name, and of the same authenticators under any. */
function spentBefore(store: Store, { user, spent }: Standing): Spent[] {
  return [...spentOfThese(store, spent), ...(store.tombstone(user)?.spent ?? [])];
}

/** Undefined where what is held does not open. */
function heldSecrets(store: Store, { bundle }: Standing): string[] | undefined {
  const held = openBundle(bundle, storedKeys(store), store.keys.identity.box);
  return held.ok ? secretsOf(held.value) : undefined;
}

function secretsOf({ authenticators, pin }: OpenBundle): string[] {
  const seeds = authenticators.flatMap((one) => (one.type === "backup-codes" ? [] : [one.secret]));
  return pin === null ? seeds : [...seeds, pin.difference];
}

function serialOf(store: Store, standing: Standing): number {
  const held = openDocument("bundle", standing.bundle, storedKeys(store), bundleSchema);
  return held.ok ? held.value.serial : 0;
}

/** A standing that doesn't read is replaced by the server's next bundle, which is how an online MFA repairs it. */
function readable(read: () => Standing | undefined): Standing | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof StateDamaged) return undefined;
    throw error;
  }
}
