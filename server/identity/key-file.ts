// `server.key`: 32 random bytes, under which everything secret in the database is sealed. While they are being replaced the
// file holds the new ones and, behind them, the old ones. Every process follows the file.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { theSodium } from "../../protocol/crypto/sodium.ts";
import type { Random } from "../../words/random.ts";
import { Failure } from "../failure.ts";
import { checkOwn, type DataFolder } from "./data-folder.ts";

const keyBytes = 32;
const context = "nl-servr";

export class KeyFile {
  readonly #path: string;
  #stamp: string;
  #keys: readonly Uint8Array[];
  #refused = false;

  /** @throws Failure when the file is no server key, or others could have read it. */
  constructor(folder: DataFolder) {
    this.#path = folder.keyFile;
    this.#stamp = this.#look();
    this.#keys = this.#read();
  }

  /** The newest first; a second one only while the first takes its place; none from `refuse` to `acceptIf`. */
  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  /**
   * Reads the file anew if it is another one. A process that seals asks first, so that nothing is sealed under a key that
   * is on its way out. A file that can't be read now changes nothing: the keys at hand are good.
   */
  follow(): void {
    // What comes after a key that was refused may be no better: it is looked at first.
    if (this.#refused) return;
    try {
      const stamp = this.#look();
      if (stamp === this.#stamp) return;
      this.#keys = this.#read();
      this.#stamp = stamp;
    } catch {
      // Said by whatever can't be opened for want of the new key.
    }
  }

  get refused(): boolean {
    return this.#refused;
  }

  /** What the file holds opens nothing in the database: nothing is sealed or opened until it does. */
  refuse(): void {
    this.#keys = [];
    this.#refused = true;
  }

  /** After `refuse`: what the file holds by now is taken if it fits, and nothing is sealed under it before. */
  async acceptIf(fits: (keys: readonly Uint8Array[]) => Promise<boolean>): Promise<boolean> {
    const found = this.#readNow();
    if (found === undefined || !(await fits(found.keys))) return false;
    this.#stamp = found.stamp;
    this.#keys = found.keys;
    this.#refused = false;
    return true;
  }

  /** Puts a new key before the one there is; does nothing when that has been done and not been finished. */
  begin(random: Random): void {
    this.follow();
    const [present, old] = this.#keys;
    if (present === undefined || old !== undefined) return;
    this.#replace([random.bytes(keyBytes), present], random);
  }

  /** The old key goes: nothing is sealed under it any more. */
  finish(random: Random): void {
    const [present] = this.#keys;
    if (present !== undefined) this.#replace([present], random);
  }

  /** What is derived from one of the keys for one use. 32 bytes. */
  static derive(key: Uint8Array, use: "identity" | "sealing" | "digesting"): Uint8Array {
    const number = { identity: 1, sealing: 2, digesting: 3 }[use];
    return theSodium().crypto_kdf_derive_from_key(32, number, context, key);
  }

  /** A whole file or the one before: whoever reads meanwhile, and a crash, meet one of the two. */
  #replace(keys: readonly Uint8Array[], random: Random): void {
    const draft = writeDraft(this.#path, Buffer.concat(keys), random);
    renameSync(draft, this.#path);
    syncFolderOf(this.#path);
    this.#stamp = this.#look();
    this.#keys = keys;
  }

  #read(): readonly Uint8Array[] {
    checkOwn(this.#path, "file", `chmod 600 ${this.#path}`);
    const bytes = readFileSync(this.#path);
    if (bytes.length !== keyBytes && bytes.length !== 2 * keyBytes)
      throw new Failure("unsafe", `${this.#path} is not a server key; restore it from the backup`);
    const keys = [bytes.subarray(0, keyBytes), bytes.subarray(keyBytes)];
    return keys.filter((key) => key.length > 0);
  }

  #readNow(): { readonly stamp: string; readonly keys: readonly Uint8Array[] } | undefined {
    try {
      // Before the reading: a file that comes meanwhile is another one to `follow`.
      return { stamp: this.#look(), keys: this.#read() };
    } catch {
      return undefined;
    }
  }

  #look(): string {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(this.#path);
    return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  }
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
  const draft = writeDraft(folder.keyFile, random.bytes(keyBytes), random);
  try {
    // A whole file appears under the name or none does, and never over another: two first starts agree on one key.
    linkSync(draft, folder.keyFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolderOf(folder.keyFile);
}

function writeDraft(path: string, content: Uint8Array, random: Random): string {
  const draft = `${path}.${random.bytes(8).toHex()}`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return draft;
}

function syncFolderOf(path: string): void {
  // Windows has no such thing as a folder that can be synced.
  if (process.platform === "win32") return;
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}
