// `server.key`: 32 random bytes from which the server's identity and the key of its secrets at rest are derived.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { deriveIdentity, type Identity } from "../../protocol/crypto/keys.ts";
import { theSodium } from "../../protocol/crypto/sodium.ts";
import type { Random } from "../../words/random.ts";
import { Failure } from "../failure.ts";
import { checkOwn, type DataFolder } from "./data-folder.ts";
import { Vault } from "./vault.ts";

const keyBytes = 32;
const context = "nl-servr";

export interface ServerSecrets {
  readonly identity: Identity;
  readonly vault: Vault;
}

/** @throws Failure when the file is no server key, or others could have read it. */
export function readServerKey(folder: DataFolder, random: Random): ServerSecrets {
  checkOwn(folder.keyFile, "file", `chmod 600 ${folder.keyFile}`);
  const key = readFileSync(folder.keyFile);
  if (key.length !== keyBytes)
    throw new Failure("unsafe", `${folder.keyFile} is not a server key; restore it from the backup`);
  return {
    identity: deriveIdentity(derive(1, key)),
    vault: new Vault({ sealing: derive(2, key), digesting: derive(3, key) }, random),
  };
}

/**
 * Makes a key for a folder that has none, and no database either.
 * @throws Failure when a database is there without its key: a new key could open nothing in it.
 */
export function makeServerKey(folder: DataFolder, random: Random): void {
  if (existsSync(folder.keyFile)) return;
  if (existsSync(folder.databaseFile))
    throw new Failure(
      "unsafe",
      `${folder.keyFile} is missing next to an existing database; restore it from the backup`,
    );
  createKey(folder.keyFile, random);
}

function derive(number: number, key: Uint8Array): Uint8Array {
  return theSodium().crypto_kdf_derive_from_key(32, number, context, key);
}

/** A complete file appears under the name or none does, and never over another: two first starts agree on one key. */
function createKey(path: string, random: Random): void {
  const draft = `${path}.${random.bytes(8).toHex()}`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, random.bytes(keyBytes));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
  // Windows has no such thing as a folder that can be synced.
  if (process.platform === "win32") return;
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}
