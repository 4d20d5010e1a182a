// What the server gives for a person's eyes, and the code by which it comes back: sealed both ways.

import * as v from "valibot";
import type { KeyPair } from "../../protocol/crypto/keys.ts";
import { openSealed, sealTo } from "../../protocol/crypto/sealed-box.ts";
import { elsewhereSchema, providedSchema } from "../../protocol/sync/provide.ts";
import { Secret } from "../../words/secret.ts";
import type { Provided } from "../dialogue/ports.ts";

/** Undefined for what this machine can't open or doesn't know. */
export function openProvided(box: KeyPair, sealed: string): Provided | undefined {
  const content = open(box, sealed, providedSchema);
  return content && { secret: new Secret(content.secret), uri: new Secret(content.uri) };
}

/** `address`: undefined for where machines reach the server. */
export function openElsewhere(
  box: KeyPair,
  sealed: string,
): { readonly code: Secret; readonly address: string | undefined } | undefined {
  const content = open(box, sealed, elsewhereSchema);
  return content && { code: new Secret(content.code), address: content.address ?? undefined };
}

function open<T>(box: KeyPair, sealed: string, schema: v.GenericSchema<unknown, T>): T | undefined {
  const opened = openSealed(box, Buffer.from(sealed, "base64"));
  if (opened === undefined) return undefined;
  try {
    const content = v.safeParse(schema, JSON.parse(Buffer.from(opened).toString("utf8")));
    return content.success ? content.output : undefined;
  } catch {
    return undefined;
  }
}

export function sealCode(serverBoxKey: string, code: string): string {
  const content = Buffer.from(JSON.stringify(code), "utf8");
  return sealTo(Buffer.from(serverBoxKey, "base64"), content).toBase64();
}

/** Where a PIN is set: under what the server calls its address, else under the one that this machine reaches it at. */
export function pinPage(told: string | null, reached: string): string {
  return `${(told ?? reached).replace(/\/+$/, "")}/portal/pin`;
}
