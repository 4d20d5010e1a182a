import * as v from "valibot";
import type { KeyPair } from "../../protocol/crypto/keys.ts";
import { openSealed } from "../../protocol/crypto/sealed-box.ts";
import { openDocument, type SignedDocument } from "../../protocol/crypto/signed-document.ts";
import { authenticatorsSchema, bundleSchema } from "../../protocol/sync/documents.ts";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import type { OpenBundle } from "../policy/standing.ts";

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
