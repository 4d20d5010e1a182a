// What an insider with root on one machine has: that machine's keys, and with them the power to sign whatever they like.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deriveMachineKeys, type MachineKeys } from "../../agent/state/keys.ts";
import { type Identity, machineId, publicIdentity } from "../../protocol/crypto/keys.ts";
import { signRequest } from "../../protocol/sync/http-signature.ts";
import { Secret } from "../../words/secret.ts";
import type { Sent } from "./hostile-server.ts";

let stranger: Identity | undefined;

/** An identity that no machine has joined. */
export function strangersIdentity(): Identity {
  stranger ??= deriveMachineKeys(new Secret(new Uint8Array(randomBytes(32)))).identity;
  return stranger;
}

/** The file protector keeps the secret as it is; any other, and the insider has to ask the chip. */
export function stolenKeys(stateFolder: string): MachineKeys {
  return deriveMachineKeys(new Secret(new Uint8Array(readFileSync(join(stateFolder, "machine.key")))));
}

/** Any body, signed as the machine signs. */
export function signedBy(identity: Identity, path: string, value: unknown, keyId?: string): Sent {
  const body = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  const by = { keyId: keyId ?? machineId(publicIdentity(identity)), privateKey: identity.signing.privateKey };
  const headers = signRequest(
    { method: "POST", path, body },
    by,
    Date.now(),
    new Uint8Array(randomBytes(16)),
  );
  return { path, headers: { ...headers, "content-type": "application/json" }, body };
}

let sequence = 50_000_000;
/** What every request begins with. */
export const asking = () => ({ sequence: sequence++, sentAtMs: Date.now(), revokedThrough: 0 });
