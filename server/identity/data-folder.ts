// The folder that holds all the server knows: it must be the server's own.

import { existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";

export interface DataFolder {
  readonly path: string;
  readonly keyFile: string;
  readonly databaseFile: string;
  readonly tlsFolder: string;
}

/**
 * The folder of a server that is there: nothing is created, so that a slip of the finger makes no second server.
 * @throws Failure when there is no server, or when others could have a part in the folder.
 */
export function openDataFolder(path: string): DataFolder {
  const folder = dataFolder(path);
  if (!existsSync(path)) throw absent(path, "there is no such folder");
  checkOwn(path, "folder", `chmod 700 ${path}`);
  if (existsSync(folder.keyFile)) return folder;
  if (existsSync(folder.databaseFile))
    throw new Failure(
      "unsafe",
      `${folder.keyFile} is missing next to an existing database; restore it from the backup`,
    );
  throw absent(path, "the folder holds no server");
}

/**
 * For who has asked for a new server: creates the folder (0700), or takes one that is empty or holds a server already.
 * @throws Failure when something else lies there.
 */
export function makeDataFolder(path: string): DataFolder {
  const folder = dataFolder(path);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  checkOwn(path, "folder", `chmod 700 ${path}`);
  // One look at the folder: another start may make the server between two.
  const names = readdirSync(path);
  if (names.some(isOfServer)) return folder;
  const foreign = names.find((name) => name !== "lost+found" && !isDraftOfKey(name));
  if (foreign !== undefined)
    throw new Failure("unsafe", `${path} is not empty (${foreign}); give an empty folder for a new server`);
  return folder;
}

/** The key, or the database with what SQLite keeps beside it. */
const isOfServer = (name: string): boolean => /^(server\.key|nightlatch\.db(-\w+)?)$/.test(name);

/** What a start that was killed, or one that goes on beside this one, may have left. */
function isDraftOfKey(name: string): boolean {
  return /^server\.key\.[0-9a-f]{16}$/.test(name);
}

function dataFolder(path: string): DataFolder {
  return {
    path,
    keyFile: join(path, "server.key"),
    databaseFile: join(path, "nightlatch.db"),
    tlsFolder: join(path, "tls"),
  };
}

function absent(path: string, what: string): Failure {
  return new Failure(
    "not-found",
    `there is no server in ${path}: ${what}. Check --data; a new server is made by: nightlatch-server --data ${path} init`,
  );
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
