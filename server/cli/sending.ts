// What the commands that send something share: files with secrets.

import { readFileSync, statSync } from "node:fs";
import { Failure } from "../failure.ts";
import { plain, type Terminal } from "./terminal.ts";

const mostFileBytes = 65_536;

/** One line: a password or a key. `-` is standard input. A file that others can read is one that somebody mounts, or forgets. */
export function readSecretLine(path: string, terminal: Terminal): string {
  const text = readSmallFile(path === "-" ? 0 : path).replace(/\r?\n$/, "");
  if (text === "") throw new Failure("invalid", `${path} is empty`);
  if (path !== "-" && (statSync(path).mode & 0o077) !== 0)
    terminal.err(
      `warning: ${plain(path)} holds a secret, and others can read it; it is not read again: erase it\n`,
    );
  return text;
}

export function readSmallFile(path: string | number): string {
  const bytes = readFileSync(path);
  if (bytes.length > mostFileBytes) throw new Failure("invalid", `${path} is too long`);
  return bytes.toString("utf8");
}
