// What the commands that send something share: files with secrets, and an end to waiting.

import { readFileSync } from "node:fs";
import type { Clock } from "../../words/clock.ts";
import { Failure } from "../failure.ts";
import { tryMs } from "../mail/claim.ts";

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

/** Tells `work` to stop after as long as a courier would try. */
export async function patience<T>(clock: Clock, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const tooLong = new AbortController();
  const over = new AbortController();
  void clock.sleep(tryMs, over.signal).then(
    () => tooLong.abort(),
    () => undefined,
  );
  try {
    return await work(tooLong.signal);
  } finally {
    over.abort();
  }
}
