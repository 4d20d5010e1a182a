// What the server gives for a person's eyes, and the code by which it comes back: sealed both ways.

import * as v from "valibot";
import type { KeyPair } from "../../protocol/crypto/keys.ts";
import { openSealed, sealTo } from "../../protocol/crypto/sealed-box.ts";
import { providedSchema } from "../../protocol/sync/provide.ts";
import { Secret } from "../../words/secret.ts";
import type { Provided } from "../dialogue/ports.ts";

/** Undefined for what this machine can't open or doesn't know. */
export function openProvided(box: KeyPair, sealed: string): Provided | undefined {
  const opened = openSealed(box, Buffer.from(sealed, "base64"));
  if (opened === undefined) return undefined;
  try {
    const content = v.safeParse(providedSchema, JSON.parse(Buffer.from(opened).toString("utf8")));
    if (!content.success) return undefined;
    return { secret: new Secret(content.output.secret), uri: new Secret(content.output.uri) };
  } catch {
    return undefined;
  }
}

export function sealCode(serverBoxKey: string, code: string): string {
  const content = Buffer.from(JSON.stringify(code), "utf8");
  return sealTo(Buffer.from(serverBoxKey, "base64"), content).toBase64();
}
