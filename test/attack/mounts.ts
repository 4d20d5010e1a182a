// Small disks of their own, in a mount namespace that nobody else sees.

import { mkdirSync, readlinkSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeed } from "../../scripts/parts/program.ts";

/** scripts/attack enters a private mount namespace first; without one nothing is mounted at all. */
export const mayMount =
  process.env["NIGHTLATCH_ATTACK_PRIVATE"] === "1" &&
  readlinkSync("/proc/self/ns/mnt") !== readlinkSync(`/proc/${process.ppid}/ns/mnt`);

export async function smallDisk(at: string, size: string): Promise<void> {
  mkdirSync(at, { recursive: true, mode: 0o700 });
  await succeed(["mount", "-t", "tmpfs", "-o", `size=${size},mode=700`, "nightlatch-attack", at]);
}

export async function unmount(at: string): Promise<void> {
  await succeed(["umount", "--lazy", at]);
}

/** Not a byte more goes on it. */
export function fill(at: string): void {
  const { bavail, bsize } = statfsSync(at);
  for (let left = bavail * bsize, part = 0; left > 0; left -= bsize, part++) {
    try {
      const size = Math.max(bsize, left & ~(bsize - 1));
      writeFileSync(join(at, `filler-${part}`), Buffer.alloc(size));
      return;
    } catch {
      // What was written of it stays: that is the aim.
    }
    if (part > 16) return;
  }
}
