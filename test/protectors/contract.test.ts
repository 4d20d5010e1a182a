// What every protector promises, whatever it is made of.

import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileProtector } from "../../agent/platform/file-protector.ts";
import { systemdCredsProtector } from "../../agent/platform/systemd-creds-protector.ts";
import type { Protector } from "../../agent/state/protector.ts";
import { isRoot } from "../agent/workspace.ts";
import { aSecret, damage, hexOf, stateFolder, tpmIn } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

interface Kind {
  readonly name: Protector["name"];
  readonly file: string;
  /** A maker of protectors of one machine: each is another start of the agent. */
  machine(folder: string): Promise<() => Protector>;
}

const kinds: readonly Kind[] = [
  {
    name: "file",
    file: "machine.key",
    machine: async (folder) => () => fileProtector(join(folder, "machine.key")),
  },
  {
    name: "tpm2",
    file: "machine.tpm2",
    async machine(folder) {
      const tpm = await SwTpm.start();
      return () => tpmIn(folder, tpm.device);
    },
  },
  {
    name: "systemd-creds",
    file: "machine.cred",
    machine: async (folder) => () => systemdCredsProtector({ path: join(folder, "machine.cred") }),
  },
];

describe.each(kinds)("$name", ({ name, file, machine }) => {
  /** A machine that has joined, and its file. */
  async function joined() {
    const folder = stateFolder();
    const start = await machine(folder);
    const secret = aSecret();
    start().create(secret);
    return { folder, path: join(folder, file), start, secret };
  }

  test("has its name and says what it defends", async () => {
    const protector = (await machine(stateFolder()))();
    expect(protector.name).toBe(name);
    expect(protector.defends.length).toBeGreaterThan(40);
    expect(protector.defends).not.toMatch(/[\n.]$/);
    expect(protector.counter !== undefined).toBe(name === "tpm2");
  });

  test("has nothing before there is something", async () => {
    const protector = (await machine(stateFolder()))();
    expect(protector.load()).toBeUndefined();
    protector.erase();
    expect(protector.load()).toBeUndefined();
  });

  test("gives back what it was given, after each start", async () => {
    const { start, secret } = await joined();
    expect(hexOf(start().load())).toBe(hexOf(secret));
    expect(hexOf(start().load())).toBe(hexOf(secret));
  });

  test("keeps the secret in one file of its own, closed to others", async () => {
    const { folder, path } = await joined();
    expect(readdirSync(folder)).toEqual([file]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  if (name !== "file")
    test("does not show the secret", async () => {
      const { path, secret } = await joined();
      const kept = readFileSync(path);
      const shown = [
        kept.toString("latin1"),
        Buffer.from(kept.toString("latin1"), "base64").toString("latin1"),
      ];
      for (const text of shown)
        expect(secret.use((bytes) => text.includes(Buffer.from(bytes).toString("latin1")))).toBe(false);
    });

  test("makes no second one over the first", async () => {
    const { start, secret } = await joined();
    expect(() => start().create(aSecret())).toThrow();
    expect(hexOf(start().load())).toBe(hexOf(secret));
  });

  test("erases for ever, and can begin again", async () => {
    const { folder, path, start } = await joined();
    const copy = join(stateFolder(), file);
    copyFileSync(path, copy);
    start().erase();
    expect(readdirSync(folder)).toEqual([]);
    expect(start().load()).toBeUndefined();
    start().erase();
    const next = aSecret();
    start().create(next);
    expect(hexOf(start().load())).toBe(hexOf(next));
  });

  test("refuses a file that is cut off, wherever", async () => {
    const { path, start } = await joined();
    const whole = statSync(path).size;
    for (const bytes of [whole - 3, Math.floor(whole / 2), 1, 0]) {
      truncateSync(path, bytes);
      expect(damage(start()), `${bytes} bytes`).not.toContain("no damage");
    }
  });

  test("refuses garbage", async () => {
    const { path, start } = await joined();
    for (const text of ["{}", "null", "[]", "\0".repeat(300), "A".repeat(4_096), "x".repeat(100_000)]) {
      writeFileSync(path, text);
      expect(damage(start()), text.slice(0, 20)).not.toContain("no damage");
    }
  });

  test.each([0o640, 0o604, 0o660, 0o602])("refuses a file that is open to others: %o", async (mode) => {
    const { path, start } = await joined();
    chmodSync(path, mode);
    expect(damage(start())).toContain("must be owned by the agent with mode 0600");
  });

  test.runIf(isRoot)("refuses a file of another account", async () => {
    const { path, start } = await joined();
    chownSync(path, 1, 1);
    expect(damage(start())).toContain("must be owned by the agent with mode 0600");
  });

  test("refuses a hard link", async () => {
    const { folder, path, start } = await joined();
    linkSync(path, join(folder, "second"));
    expect(damage(start())).toContain("is not a plain file");
  });

  test("refuses a symbolic link, whole as it may be", async () => {
    const { folder, path, start } = await joined();
    copyFileSync(path, join(folder, "elsewhere"));
    rmSync(path);
    symlinkSync(join(folder, "elsewhere"), path);
    expect(damage(start())).toContain("is not a plain file");
  });

  test("refuses a folder", async () => {
    const { path, start } = await joined();
    rmSync(path);
    mkdirSync(path, { mode: 0o700 });
    expect(damage(start())).not.toContain("no damage");
  });

  test("erases what it refuses, and begins again", async () => {
    const { path, start } = await joined();
    writeFileSync(path, "garbage");
    expect(damage(start())).not.toContain("no damage");
    start().erase();
    const next = aSecret();
    start().create(next);
    expect(hexOf(start().load())).toBe(hexOf(next));
  });

  test("without a folder nothing is there, and nothing can be made", async () => {
    const start = await machine(join(stateFolder(), "none"));
    expect(start().load()).toBeUndefined();
    start().erase();
    expect(() => start().create(aSecret())).toThrow();
  });
});
