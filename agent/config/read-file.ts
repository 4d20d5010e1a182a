// The bytes of the configuration, from a file that nobody but root and the agent's account can have written.

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import { owned, type Trust, walkTrusted } from "../platform/trusted-path.ts";

const mostBytes = 65_536;

/**
 * Symbolic links are followed, since some systems build /etc of them, but only links that lie in trusted folders and
 * lead through trusted folders to a trusted file: whoever can't write the file can't choose it either.
 */
export function readTrustedFile(path: string, uid: number): Parsed<string> {
  const trust: Trust = { uids: [uid], links: "follow" };
  try {
    return readWhole(walkTrusted(path, trust), trust);
  } catch (error) {
    return unparsed(error instanceof Error ? error.message : "the file can't be read");
  }
}

function readWhole(path: string, trust: Trust): Parsed<string> {
  // Non-blocking: a named pipe in the file's place must not hold the agent up.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) return unparsed(`${path} is not a regular file`);
    if (!owned(found, trust))
      return unparsed(`${path} belongs to another user (uid ${found.uid}); run: chown root ${path}`);
    if ((found.mode & 0o022) !== 0) return unparsed(`${path} is writable by others; run: chmod go-w ${path}`);
    const bytes = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, null);
    if (length > mostBytes) return unparsed(`${path} is larger than ${mostBytes} bytes`);
    try {
      return parsed(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length)));
    } catch {
      return unparsed(`${path} is not UTF-8 text`);
    }
  } finally {
    closeSync(fd);
  }
}
