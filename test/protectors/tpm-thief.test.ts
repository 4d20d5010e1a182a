// What a thief, a restored disk or a helpful firmware menu can do to secret and counter: it is seen, and said.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { aSecret, damage, hexOf, stateFolder, tpmIn } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

const handle = "0x1804E4C";
const attributes = "ownerwrite|ownerread|authwrite|authread|no_da";

interface Written {
  version: unknown;
  index: { handle: unknown; label: string };
  parent: string;
  sealed: { public: string; private: string };
}

async function joined() {
  const folder = stateFolder();
  const tpm = await SwTpm.start();
  const secret = aSecret();
  const start = (device = tpm.device) => tpmIn(folder, device);
  start().create(secret);
  const path = join(folder, "machine.tpm2");
  const written = (): Written => JSON.parse(readFileSync(path, "utf8"));
  const rewrite = (change: (written: Written) => void): void => {
    const changed = written();
    change(changed);
    writeFileSync(path, JSON.stringify(changed));
  };
  return { folder, path, tpm, secret: hexOf(secret), start, written, rewrite };
}

/** An index at our handle, as the owner's empty password lets anybody with the TPM make one. */
function forgeIndex(tpm: SwTpm, attributes: string, label: string): void {
  const policy = join(stateFolder(), "label");
  writeFileSync(policy, Buffer.from(label, "hex"));
  tpm.tool("tpm2_nvdefine", "-C", "o", "-s", "8", "-a", attributes, "-L", policy, handle);
}

test("the disk in another machine", async () => {
  const { start } = await joined();
  const other = await SwTpm.start();
  expect(damage(start(other.device))).toMatch(
    /sealed by another TPM, or this one was cleared.*or join again$/,
  );
});

test("the disk in another machine, made to believe that it is its own", async () => {
  const { start, rewrite } = await joined();
  const other = await SwTpm.start();
  const folder = stateFolder();
  tpmIn(folder, other.device).create(aSecret());
  const { parent } = JSON.parse(readFileSync(join(folder, "machine.tpm2"), "utf8"));
  rewrite((written) => {
    written.parent = parent;
  });
  expect(damage(start(other.device))).toContain("sealed by another TPM");
});

test("a TPM that was cleared", async () => {
  const { tpm, start } = await joined();
  tpm.tool("tpm2_clear");
  expect(damage(start())).toContain("this one was cleared since");
  start().erase();
  const next = aSecret();
  start().create(next);
  expect(hexOf(start().load())).toBe(hexOf(next));
});

test("an owner's password that came later, and goes again", async () => {
  const { tpm, secret, start } = await joined();
  const before = start();
  before.load();
  tpm.tool("tpm2_changeauth", "-c", "owner", "hunter2");
  expect(damage(start())).toContain("the TPM's owner hierarchy has a password");
  expect(start().unavailable()).toContain("the TPM's owner hierarchy has a password");
  const value = before.counter.read();
  expect(before.counter.increment()).toBe(value + 1);
  tpm.tool("tpm2_changeauth", "-c", "owner", "-p", "hunter2");
  expect(hexOf(start().load())).toBe(secret);
});

test("a counter that was removed", async () => {
  const { tpm, start } = await joined();
  tpm.tool("tpm2_nvundefine", "-C", "o", handle);
  expect(damage(start())).toContain("counter of this machine is gone: somebody removed it; join again");
});

test("a counter that goes while the agent runs", async () => {
  const { tpm, start } = await joined();
  const protector = start();
  protector.load();
  tpm.tool("tpm2_nvundefine", "-C", "o", handle);
  expect(() => protector.counter.read()).toThrow(/TPM2_NV_Read: TPM_RC_HANDLE/);
  expect(() => protector.counter.increment()).toThrow(/TPM2_NV_Increment: TPM_RC_HANDLE/);
});

test("a counter made anew without our label", async () => {
  const { tpm, start } = await joined();
  tpm.tool("tpm2_nvundefine", "-C", "o", handle);
  forgeIndex(tpm, `${attributes}|nt=counter`, "00".repeat(32));
  tpm.tool("tpm2_nvincrement", "-C", "o", handle);
  expect(damage(start())).toContain("was made anew");
});

test("a counter made anew with our label: it can't get an old value back", async () => {
  const { tpm, start, written } = await joined();
  const { label } = written().index;
  for (let times = 0; times < 5; times += 1) {
    const last = start().counter.increment();
    tpm.tool("tpm2_nvundefine", "-C", "o", handle);
    forgeIndex(tpm, `${attributes}|nt=counter`, label);
    expect(damage(start())).toContain("was made anew");
    tpm.tool("tpm2_nvincrement", "-C", "o", handle);
    expect(start().counter.read()).toBeGreaterThan(last);
  }
});

test("an ordinary index in the counter's place, written to an old value", async () => {
  const { tpm, start, written } = await joined();
  const { label } = written().index;
  tpm.tool("tpm2_nvundefine", "-C", "o", handle);
  forgeIndex(tpm, attributes, label);
  const value = join(stateFolder(), "value");
  writeFileSync(value, Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]));
  tpm.tool("tpm2_nvwrite", "-C", "o", "-i", value, handle);
  expect(damage(start())).toContain("was made anew");
});

test("another of the TPM's counters in the file", async () => {
  const { tpm, start, rewrite } = await joined();
  tpm.tool("tpm2_nvdefine", "-C", "o", "-s", "8", "-a", `${attributes}|nt=counter`, "0x1804E50");
  tpm.tool("tpm2_nvincrement", "-C", "o", "0x1804E50");
  rewrite((written) => {
    written.index.handle = 0x1804e50;
  });
  expect(damage(start())).toContain("names another counter than its secret");
});

test("the file of a secret that was erased, put back", async () => {
  const { folder, path, start } = await joined();
  const copy = join(stateFolder(), "copy");
  copyFileSync(path, copy);
  start().erase();
  copyFileSync(copy, join(folder, "machine.tpm2"));
  expect(damage(start())).toContain("counter of this machine is gone");
});

test.each<[string, (written: Written) => void]>([
  ["another version", (written) => Object.assign(written, { version: 2 })],
  ["no version", (written) => Object.assign(written, { version: undefined })],
  ["something more", (written) => Object.assign(written, { more: 1 })],
  ["a handle outside of the owner's", (written) => Object.assign(written.index, { handle: 0x01c00002 })],
  ["a handle that is none", (written) => Object.assign(written.index, { handle: 0x1804e4c + 0.5 })],
  ["a short label", (written) => Object.assign(written.index, { label: "00" })],
  ["a secret that is no base64", (written) => Object.assign(written.sealed, { private: "?" })],
])("a file with %s", async (_what, change) => {
  const { start, rewrite } = await joined();
  rewrite(change);
  expect(damage(start())).toBe("machine.tpm2 was cut off, altered, or written by another version");
});

test("a sealed secret with any one byte changed", async () => {
  const { start, written, rewrite } = await joined();
  const whole = written().sealed;
  for (const part of ["public", "private"] as const) {
    const bytes = Buffer.from(whole[part], "base64");
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      rewrite((written) => {
        written.sealed = { ...whole, [part]: changed.toString("base64") };
      });
      expect(damage(start()), `${part} ${at}`).not.toContain("no damage");
    }
  }
});
