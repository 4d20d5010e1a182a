// A sealed secret's file: the agent's alone, small, written whole or not at all, and gone for ever when it is erased.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { syncFolder } from "../state/durable.ts";
import { StateDamaged } from "../state/failures.ts";

const mostBytes = 4_096;

/** A link that leads nowhere is there too. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Undefined when there is none. @throws StateDamaged for what the agent can't have written. */
export function readSealedFile(path: string): Uint8Array | undefined {
  if (!isThere(path)) return undefined;
  const name = basename(path);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw new StateDamaged(`${name} is not a plain file that the agent may read`, error);
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.nlink !== 1) throw new StateDamaged(`${name} is not a plain file`);
    if (found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0)
      throw new StateDamaged(`${name} is not ours alone: it must be owned by the agent with mode 0600`);
    const bytes = Buffer.alloc(mostBytes + 1);
    const count = readSync(file, bytes, 0, bytes.length, 0);
    if (count > mostBytes) throw new StateDamaged(`${name} is too long`);
    return bytes.subarray(0, count);
  } finally {
    closeSync(file);
  }
}

/** Durable when it returns; never over something that is there. A crash leaves a part of it at most. */
export function writeNewFile(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx", 0o600);
  try {
    if (writeSync(file, bytes) !== bytes.length) throw new Error(`${path} could not be written whole`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
}

/** Durable when it returns: there under the one name or the other, never under none. */
export function moveFile(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
}

/**
 * Durable when it returns; fine when there is none. Overwriting helps on disks that write in place; elsewhere the
 * unlinked blocks are the accepted risk. A link is unlinked, and what it leads to is left alone.
 */
export function eraseFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isFile() && found.nlink === 1) overwrite(path, Math.min(found.size, mostBytes));
  unlinkSync(path);
  syncFolder(dirname(path));
}

/** That this fails, on a full disk or for a file that became immutable, must not keep the name from going. */
function overwrite(path: string, bytes: number): void {
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      writeSync(file, new Uint8Array(bytes));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch {
    // Then it is unlinked as it is: the accepted risk again.
  }
}
