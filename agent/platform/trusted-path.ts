// May a path be relied on: could anyone but root and the named accounts have put there what is there?
// The same walk as the PAM module's (pam/connect.c): each folder belongs to a trusted account and nobody else may write
// in it, so by induction nobody else can exchange what was looked at before it is used.

import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";

export interface Trust {
  /** Root is always trusted. */
  readonly uids: readonly number[];
  /** Followed only where the link itself lies in a trusted folder; what it leads to is walked in the same way. */
  readonly links: "follow" | "refuse";
}

const mostLinks = 16;

/**
 * The path without links, of something that exists. Its folders are trusted, the last one strictly; itself was not
 * looked at beyond being no link. Throws an error whose message a person can act on.
 */
export function walkTrusted(path: string, trust: Trust): string {
  return walk(path, trust, true);
}

/**
 * The folder and all above it. A folder on the way may be writable by others only when it is sticky, where nobody can
 * rename what belongs to somebody else; the last one may not.
 */
export function checkTrustedFolder(folder: string, trust: Trust): void {
  checkFolder(walk(folder, trust, false), true, trust);
}

function walk(path: string, trust: Trust, lastIsStrict: boolean): string {
  if (!isAbsolute(path) || path.includes("\0")) throw new Error(`${path} is not an absolute path`);
  let left = resolve(path).split("/").filter(Boolean);
  let at = "/";
  let links = 0;
  for (;;) {
    const [name, ...rest] = left;
    if (name === undefined) return at;
    checkFolder(at, lastIsStrict && rest.length === 0, trust);
    const next = join(at, name);
    const found = look(next);
    if (!found.isSymbolicLink()) {
      at = next;
      left = rest;
      continue;
    }
    if (trust.links === "refuse") throw new Error(`${next} is a symbolic link`);
    if (++links > mostLinks) throw new Error(`${path} leads through too many symbolic links`);
    if (!owned(found, trust))
      throw new Error(`${next} is a link that belongs to another user (uid ${found.uid})`);
    left = [...resolve(at, readlinkSync(next)).split("/").filter(Boolean), ...rest];
    at = "/";
  }
}

function checkFolder(path: string, last: boolean, trust: Trust): void {
  const found = look(path);
  if (!found.isDirectory()) throw new Error(`${path} is not a folder`);
  if (!owned(found, trust)) throw new Error(`the folder ${path} belongs to another user (uid ${found.uid})`);
  const sticky = (found.mode & 0o1000) !== 0;
  if ((found.mode & 0o022) !== 0 && (last || !sticky))
    throw new Error(
      sticky
        ? `the folder ${path} is writable by others, and meant to be; use another one`
        : `the folder ${path} is writable by others; run: chmod go-w ${path}`,
    );
}

export function owned(found: Stats, trust: Trust): boolean {
  return found.uid === 0 || trust.uids.includes(found.uid);
}

function look(path: string): Stats {
  try {
    return lstatSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const why =
      code === "ENOENT"
        ? `there is no ${path}`
        : code === "EACCES"
          ? `${dirname(path)} may not be read`
          : `${path} can't be looked at (${code})`;
    throw Object.assign(new Error(why), { code });
  }
}
