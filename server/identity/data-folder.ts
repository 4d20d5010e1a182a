// The folder that holds all the server knows: it must be the server's own.

import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";

export interface DataFolder {
  readonly path: string;
  readonly keyFile: string;
  readonly databaseFile: string;
  readonly tlsFolder: string;
}

/**
 * Creates the folder (0700) or checks it.
 * @throws Failure when it is no folder, belongs to somebody else, or others can look into it.
 */
export function openDataFolder(path: string): DataFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  checkOwn(path, "folder", `chmod 700 ${path}`);
  return {
    path,
    keyFile: join(path, "server.key"),
    databaseFile: join(path, "nightlatch.db"),
    tlsFolder: join(path, "tls"),
  };
}

/** @throws Failure unless `path` is of this kind, ours, and closed to group and world (where the system has those). */
export function checkOwn(path: string, kind: "folder" | "file", remedy: string): void {
  const found = lstatSync(path);
  if (kind === "folder" ? !found.isDirectory() : !found.isFile())
    throw new Failure("unsafe", `${path} is not a ${kind}`);
  const uid = process.getuid?.();
  if (uid === undefined) return;
  if (found.uid !== uid)
    throw new Failure("unsafe", `${path} belongs to user id ${found.uid}; run this command as that user`);
  if ((found.mode & 0o077) !== 0)
    throw new Failure("unsafe", `${path} is open to other users; run: ${remedy}`);
}
