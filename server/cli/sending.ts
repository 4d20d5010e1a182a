// What the commands that send something share: files with secrets.

import { readFileSync } from "node:fs";
import { Failure } from "../failure.ts";

const mostFileBytes = 65_536;

/** One line: a password or a key. `-` is standard input. */
export function readSecretLine(path: string): string {
  const text = readSmallFile(path === "-" ? 0 : path).replace(/\r?\n$/, "");
  if (text === "") throw new Failure("invalid", `${path} is empty`);
  return text;
}

export function readSmallFile(path: string | number): string {
  const bytes = readFileSync(path);
  if (bytes.length > mostFileBytes) throw new Failure("invalid", `${path} is too long`);
  return bytes.toString("utf8");
}
