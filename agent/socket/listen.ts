// A Unix socket that only the right folder may hold, opened so that it is never more open than meant.

import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { checkTrustedFolder } from "../platform/trusted-path.ts";

/** Where a server listens: at a path that it makes itself, or on a socket that systemd handed over. */
export type Place =
  | { readonly path: string; readonly mode: number; readonly gid?: number }
  | { readonly fd: number };

/**
 * Resolves once the server listens. For a path: the folder is made if it is missing, and must be a folder, through no
 * link, of root's or the agent's own that nobody else may write in. A socket left behind by a dead agent is removed;
 * anything else at the path is an error that says what to do. Node removes the path when the server closes.
 */
export async function listen(server: Server, place: Place): Promise<void> {
  if ("fd" in place) return await listening(server, () => server.listen({ fd: place.fd }));
  const uid = process.geteuid?.() ?? -1;
  const folder = dirname(place.path);
  makeFolder(folder);
  checkTrustedFolder(folder, { uids: [uid], links: "refuse" });
  await removeStale(place.path, uid);
  await listening(server, () => {
    // Nobody else may connect before mode and group are as they should be.
    const before = process.umask(0o177);
    try {
      server.listen(place.path);
    } finally {
      process.umask(before);
    }
  });
  try {
    if (place.gid !== undefined) chownSync(place.path, -1, place.gid);
    chmodSync(place.path, place.mode);
  } catch (error) {
    server.close();
    throw error;
  }
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    start();
  });
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o755 });
  } catch (error) {
    if (codeOf(error) === "ENOENT")
      throw new Error(`there is no ${dirname(folder)}: the folder for the socket can't be made in it`);
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/**
 * Between the probe and the removal another agent could begin to listen: accepted, since only root and the agent's
 * account can write in the folder, and the lock on the state keeps a second agent from getting this far.
 */
async function removeStale(path: string, uid: number): Promise<void> {
  let found: ReturnType<typeof lstatSync>;
  try {
    found = lstatSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if (!found.isSocket())
    throw new Error(`${path} is there and is not a socket: move it away, then start again`);
  if (found.uid !== uid)
    throw new Error(
      `${path} is a socket of another account (uid ${found.uid}): remove it as root, then start again`,
    );
  const answer = await probe(path);
  if (answer === "somebody") throw new Error(`another agent already listens on ${path}`);
  if (answer !== "ECONNREFUSED") throw new Error(`${path} is in the way and can't be probed (${answer})`);
  rmSync(path);
}

function probe(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve("somebody");
    });
    socket.once("error", (error) => resolve(codeOf(error)));
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
