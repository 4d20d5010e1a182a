// A disk as a power cut leaves it. What was synced is there; of what was written since then, any part may be. Names are
// files of their own: one that was made, moved or removed is so for certain only when its folder was synced.
//
// Stricter than ext4 in one respect, that a synced file's name may be missing; like any journalling file system in
// another, that changes of names are kept in their order.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "./trace.ts";

/** The disk's unit: a sector is written whole or not at all. */
const sector = 512;

interface File {
  /** What is certain. */
  synced: Buffer;
  /** What programs see. */
  seen: Buffer;
  pending: readonly Change[];
}
type Change = { readonly at: number; readonly bytes: Buffer } | { readonly size: number };
type Names = ReadonlyMap<string, File | "folder">;

export type Kept = "synced only" | "everything" | "some";

export class Disk {
  #names: Names;
  #syncedNames: Names;
  /** The states of the names since the folder was last synced. */
  #pendingNames: readonly Names[] = [];

  constructor(folder: string) {
    this.#names = new Map(
      readdirSync(folder).map((name) => {
        const bytes = readFileSync(join(folder, name));
        return [name, { synced: bytes, seen: bytes, pending: [] }];
      }),
    );
    this.#syncedNames = this.#names;
  }

  apply({ call, name, other, at, bytes }: Call): void {
    switch (call) {
      case "create":
        this.#rename((names) => names.set(name, { synced: empty, seen: empty, pending: [] }));
        return;
      case "mkdir":
        this.#rename((names) => names.set(name, "folder"));
        return;
      case "unlink":
        this.#rename((names) => names.delete(name));
        return;
      case "rename":
        this.#rename((names) => {
          names.set(other, this.#file(name));
          names.delete(name);
        });
        return;
      case "empty":
        this.#change(name, { size: 0 });
        return;
      case "truncate":
        this.#change(name, { size: at });
        return;
      case "write":
        this.#change(name, { at, bytes });
        return;
      case "sync":
        // Names are in one journal: what was changed before is safe with what was changed there.
        if (name === "." || this.#names.get(name) === "folder") this.#syncNames();
        else this.#syncFile(this.#file(name));
        return;
      case "lose":
        if (name !== "." && this.#names.get(name) !== "folder") this.#file(name).pending = [];
        return;
      case "chmod":
      case "say":
        return;
    }
  }

  /** Something is not synced: then a cut may leave more than one picture. */
  get isOpen(): boolean {
    const unsynced = (file: File | "folder") => file !== "folder" && file.pending.length > 0;
    return this.#pendingNames.length > 0 || [...this.#names.values()].some(unsynced);
  }

  /** `random` gives numbers from 0 to 1. */
  writeTo(folder: string, kept: Kept, random: () => number): void {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o700 });
    const states = [this.#syncedNames, ...this.#pendingNames];
    const state = {
      "synced only": 0,
      everything: states.length - 1,
      some: Math.floor(random() * states.length),
    }[kept];
    for (const [name, file] of states[state] ?? []) {
      if (file === "folder") {
        mkdirSync(join(folder, name), { mode: 0o700 });
        continue;
      }
      const bytes = kept === "everything" ? file.seen : kept === "some" ? someOf(file, random) : file.synced;
      writeFileSync(join(folder, name), bytes, { mode: 0o600 });
    }
  }

  #file(name: string): File {
    const file = this.#names.get(name);
    if (file === undefined || file === "folder")
      throw new Error(`the trace speaks of ${name}, which is not there`);
    return file;
  }

  #rename(change: (names: Map<string, File | "folder">) => unknown): void {
    const names = new Map(this.#names);
    change(names);
    this.#names = names;
    this.#pendingNames = [...this.#pendingNames, names];
  }

  #syncNames(): void {
    this.#syncedNames = this.#names;
    this.#pendingNames = [];
  }

  #change(name: string, change: Change): void {
    const file = this.#file(name);
    file.seen = changed(file.seen, change);
    file.pending = [...file.pending, change];
  }

  #syncFile(file: File): void {
    for (const change of file.pending) file.synced = changed(file.synced, change);
    file.pending = [];
  }
}

const empty = Buffer.alloc(0);

function changed(bytes: Buffer, change: Change): Buffer {
  if ("size" in change) return Buffer.concat([bytes.subarray(0, change.size)], change.size);
  const size = Math.max(bytes.length, change.at + change.bytes.length);
  const next = Buffer.concat([bytes], size);
  change.bytes.copy(next, change.at);
  return next;
}

/** Each sector of each write for itself, in order. */
function someOf(file: File, random: () => number): Buffer {
  let bytes = file.synced;
  for (const change of file.pending) {
    if ("size" in change) {
      if (random() < 0.5) bytes = changed(bytes, change);
      continue;
    }
    for (let from = 0; from < change.bytes.length; ) {
      const length = Math.min(sector - ((change.at + from) % sector), change.bytes.length - from);
      const part = { at: change.at + from, bytes: change.bytes.subarray(from, from + length) };
      if (random() < 0.5) bytes = changed(bytes, part);
      from += length;
    }
  }
  return bytes;
}
