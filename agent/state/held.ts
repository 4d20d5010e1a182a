// What is held of the server's signed documents, checked again at every use.

import * as v from "valibot";
import type { KeyPair } from "../../protocol/crypto/keys.ts";
import { openSealed } from "../../protocol/crypto/sealed-box.ts";
import { openDocument, type SignedDocument } from "../../protocol/crypto/signed-document.ts";
import {
  authenticatorsSchema,
  bundleSchema,
  type MachinePolicy,
  machinePolicySchema,
} from "../../protocol/sync/documents.ts";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import type { OpenBundle, Standing } from "../policy/standing.ts";
import { StateDamaged } from "./failures.ts";
import type { Store } from "./store.ts";

/** Checks the server's signature and opens the part sealed to this machine; done again at every use of a bundle. */
export function openBundle(
  document: SignedDocument,
  serverKey: Uint8Array,
  box: KeyPair,
): Parsed<OpenBundle> {
  const bundle = openDocument("bundle", document, serverKey, bundleSchema);
  if (!bundle.ok) return bundle;
  const content = openSealed(box, Buffer.from(bundle.value.sealed, "base64"));
  if (content === undefined) return unparsed("bundle: not sealed to this machine");
  try {
    const text: unknown = JSON.parse(Buffer.from(content).toString("utf8"));
    const authenticators = v.safeParse(authenticatorsSchema, text);
    return authenticators.success
      ? parsed({ bundle: bundle.value, authenticators: authenticators.output })
      : unparsed("bundle: authenticators of an unknown shape");
  } catch {
    return unparsed("bundle: authenticators are not JSON");
  }
}

/** The machine policy in force, checked again. @throws StateDamaged */
export function heldMachinePolicy(store: Store): MachinePolicy | undefined {
  const document = store.machinePolicy();
  if (document === undefined) return undefined;
  const serverKey = Buffer.from(store.server().signingKey, "base64");
  const opened = openDocument("machine-policy", document, serverKey, machinePolicySchema);
  if (!opened.ok) throw new StateDamaged(opened.error);
  return opened.value;
}

/** A user's bundle, checked again. @throws StateDamaged */
export function heldBundle(store: Store, standing: Standing): OpenBundle {
  const serverKey = Buffer.from(store.server().signingKey, "base64");
  const opened = openBundle(standing.bundle, serverKey, store.keys.identity.box);
  if (!opened.ok) throw new StateDamaged(opened.error);
  return opened.value;
}
