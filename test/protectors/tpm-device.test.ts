// The way through a device file: the same protector, and a limit that holds though the file has none.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { TpmError } from "../../agent/platform/tpm/failures.ts";
import { deviceFile } from "./device-file.ts";
import { aSecret, damage, hexOf, stateFolder, timed, tpmIn } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

test("a machine joins, counts, starts again and is erased", async () => {
  const tpm = await SwTpm.start();
  const { path } = await deviceFile(tpm);
  const folder = stateFolder();
  const secret = aSecret();
  const first = tpmIn(folder, path);
  expect(first.unavailable()).toBeUndefined();
  first.create(secret);
  const again = tpmIn(folder, path);
  expect(hexOf(again.load())).toBe(hexOf(secret));
  const value = again.counter.read();
  for (let times = 1; times <= 20; times += 1) expect(again.counter.increment()).toBe(value + times);
  expect(tpm.handles("transient")).toEqual([]);
  again.erase();
  expect(tpm.handles("nv-index")).toEqual([]);
});

test("a device that hangs is waited for once, and is used again when it goes on", async () => {
  const tpm = await SwTpm.start();
  const { path, process: bridge } = await deviceFile(tpm);
  const folder = stateFolder();
  const secret = aSecret();
  const protector = tpmIn(folder, path);
  protector.create(secret);
  const value = protector.counter.read();
  bridge.kill("SIGSTOP");
  const first = timed(() => protector.counter.increment());
  expect(first.thrown).toMatchObject({ failure: "silent" });
  expect(first.ms).toBeGreaterThan(1_900);
  expect(first.ms).toBeLessThan(2_300);
  const next = timed(() => protector.counter.increment());
  expect(next.thrown).toBeInstanceOf(TpmError);
  expect(next.ms).toBeLessThan(50);
  expect(damage(protector)).toContain("does not answer");
  bridge.kill("SIGCONT");
  await sleep(300);
  // The command that was on its way was carried out, once; those that were refused at once were never sent.
  expect(protector.counter.read()).toBe(value + 1);
  expect(hexOf(protector.load())).toBe(hexOf(secret));
});

test("a device that hangs keeps no secret from being erased", async () => {
  const tpm = await SwTpm.start();
  const { path, process: bridge } = await deviceFile(tpm);
  const protector = tpmIn(stateFolder(), path);
  protector.create(aSecret());
  bridge.kill("SIGSTOP");
  const { ms, thrown } = timed(() => protector.erase());
  expect(thrown).toBeUndefined();
  expect(ms).toBeLessThan(2_300);
  expect(protector.load()).toBeUndefined();
});

test("a device that goes away, and another that comes", async () => {
  const tpm = await SwTpm.start();
  const first = await deviceFile(tpm);
  const folder = stateFolder();
  const secret = aSecret();
  const protector = tpmIn(folder, first.path);
  protector.create(secret);
  first.process.kill("SIGKILL");
  await sleep(100);
  expect(() => protector.counter.read()).toThrow(TpmError);
  const second = await deviceFile(tpm);
  expect(hexOf(tpmIn(folder, second.path).load())).toBe(hexOf(secret));
});
