// The agent dies between a command and its answer, at each one in turn: nothing is locked, nothing is left for ever.

import { closeSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Tpm2Protector, tpm2Protector } from "../../agent/platform/tpm2-protector.ts";
import type { Libc } from "../../platform/libc.ts";
import { aSecret, clock, damage, hexOf, libc, random, stateFolder, tpmIn } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

class Died extends Error {}

/** Dies before it has read the answer to the nth command; and what it was asked afterwards, it does not do. */
function mortal(folder: string, device: string, lives: number): { protector: Tpm2Protector; bury(): void } {
  const open: number[] = [];
  let left = lives;
  const dying: Libc = {
    ...libc,
    connectStream(address) {
      if (left <= 0) throw new Died();
      const fd = libc.connectStream(address);
      if (fd !== undefined) open.push(fd);
      return fd;
    },
    readable(fd, withinMs) {
      const there = libc.readable(fd, withinMs);
      // An answer comes in two parts, header and body.
      left -= 0.5;
      if (left <= 0) throw new Died();
      return there;
    },
  };
  const path = join(folder, "machine.tpm2");
  return {
    protector: tpm2Protector({ path, device, libc: dying, clock, random }),
    bury: () => {
      for (const fd of open) {
        try {
          closeSync(fd);
        } catch {
          // Closed in time.
        }
      }
    },
  };
}

/** True when it died. */
function dies(work: () => void): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof Died) return true;
    throw error;
  }
}

test("while the secret is made", async () => {
  const tpm = await SwTpm.start();
  let died = true;
  let points = 0;
  for (let lives = 0.5; died; lives += 0.5) {
    const folder = stateFolder();
    const { protector, bury } = mortal(folder, tpm.device, lives);
    died = dies(() => protector.create(aSecret()));
    bury();
    const next = tpmIn(folder, tpm.device);
    if (died) {
      points += 1;
      expect(next.load(), `${lives}`).toBeUndefined();
      const secret = aSecret();
      next.create(secret);
      expect(hexOf(next.load()), `${lives}`).toBe(hexOf(secret));
    }
    expect(tpm.handles("nv-index"), `${lives}`).toHaveLength(1);
    next.erase();
    expect(readdirSync(folder), `${lives}`).toEqual([]);
    expect(tpm.handles("nv-index"), `${lives}`).toEqual([]);
    // Without a resource manager nobody frees what a dead process held; the device file's does.
    tpm.tool("tpm2_flushcontext", "-t");
    tpm.tool("tpm2_flushcontext", "-l");
  }
  expect(points).toBeGreaterThan(10);
});

test("while the secret is erased", async () => {
  const tpm = await SwTpm.start();
  let died = true;
  let points = 0;
  for (let lives = 0.5; died; lives += 0.5) {
    const folder = stateFolder();
    tpmIn(folder, tpm.device).create(aSecret());
    const { protector, bury } = mortal(folder, tpm.device, lives);
    died = dies(() => protector.erase());
    bury();
    if (died) points += 1;
    const next = tpmIn(folder, tpm.device);
    expect(next.load(), `${lives}`).toBeUndefined();
    next.erase();
    expect(readdirSync(folder), `${lives}`).toEqual([]);
    expect(tpm.handles("nv-index"), `${lives}`).toEqual([]);
  }
  expect(points).toBeGreaterThan(3);
});

test("while the first file was written: it is cut off and names nothing", async () => {
  const tpm = await SwTpm.start();
  for (const text of ["", '{"version":1,"ind', "\0".repeat(200)]) {
    const folder = stateFolder();
    writeFileSync(join(folder, "machine.tpm2.pending"), text, { mode: 0o600 });
    const protector = tpmIn(folder, tpm.device);
    expect(protector.load()).toBeUndefined();
    protector.create(aSecret());
    expect(damage(protector)).toContain("no damage");
    expect(readdirSync(folder)).toEqual(["machine.tpm2"]);
    protector.erase();
  }
  expect(tpm.handles("nv-index")).toEqual([]);
});
