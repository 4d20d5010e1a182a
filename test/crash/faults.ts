// The test's end of faults.c: what is to happen at which call, told through a mapped file while the agent runs.

import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../scripts/parts/program.ts";

const actions = {
  "kill-before": 1,
  "kill-after": 2,
  "kill-within": 3,
  "fail-once": 4,
  "fail-from-then-on": 5,
} as const;
export type Action = keyof typeof actions;

export interface Fault {
  readonly action: Action;
  /** The first call is 1. */
  readonly at: number;
  /** Bytes of the write that are done before the kill within it. */
  readonly cut?: number;
  readonly error?: "EIO" | "ENOSPC" | "EROFS";
}

export const saysFault = ({ action, at, cut, error }: Fault): string =>
  [action, `call ${at}`, cut === undefined ? "" : `byte ${cut}`, error ?? ""]
    .filter((word) => word !== "")
    .join(" ");

/** Offsets of `struct control`. */
const place = { count: 4, hits: 20, what: 28, end: 128 };

export class Faults {
  readonly path: string;
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "w+", 0o600);
    this.disarm();
  }

  /** Counts from here on, and does what `fault` says when it comes to that. */
  arm(fault?: Fault): void {
    const action = fault === undefined ? 0 : actions[fault.action];
    const error = fault?.error === undefined ? 0 : constants.errno[fault.error];
    // Everything else first: the agent looks at `armed` before all.
    this.#write([0, 0, fault?.at ?? 0, action, error, 0, fault?.cut ?? 0]);
    this.#write([1]);
  }

  disarm(): void {
    this.#write([0]);
  }

  /** Calls since it was armed. */
  get count(): number {
    return this.#read().readUInt32LE(place.count);
  }

  /** Which call it struck, such as "write state.db-wal 4096@32"; undefined when it struck none. */
  get struck(): string | undefined {
    const control = this.#read();
    if (control.readUInt32LE(place.hits) === 0) return undefined;
    return control.subarray(place.what, place.end).toString().replace(/\0.*$/s, "");
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(numbers: readonly number[]): void {
    const bytes = Buffer.alloc(numbers.length === 1 ? 4 : place.end);
    for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, 4 * index);
    writeSync(this.#file, bytes, 0, bytes.length, 0);
  }

  #read(): Buffer {
    const bytes = Buffer.alloc(place.end);
    readSync(this.#file, bytes, 0, bytes.length, 0);
    return bytes;
  }
}

/** faults.c as a library, compiled when it is older than its source. */
export function faultsLibrary(): string {
  const source = join(import.meta.dirname, "faults.c");
  const library = join(root, "build/crash/faults.so");
  if (existsSync(library) && statSync(library).mtimeMs > statSync(source).mtimeMs) return library;
  mkdirSync(dirname(library), { recursive: true });
  const strict = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"];
  execFileSync("gcc", [...strict, "-o", library, source, "-ldl", "-lpthread"], { stdio: "inherit" });
  return library;
}
