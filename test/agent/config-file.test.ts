import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../agent/config.ts";
import { folder, isRoot } from "./workspace.ts";

const uid = process.geteuid?.() ?? -1;

describe("the file", () => {
  const text = '[log]\nlevel = "debug"\n';
  const write = (mode = 0o644): string => {
    const path = join(folder(), "nightlatchd.toml");
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const fault = (path: string): string => {
    const config = readConfig(path, uid);
    return config.ok ? "no fault" : config.error;
  };

  test("is read", () =>
    expect(readConfig(write(), uid)).toMatchObject({ ok: true, value: { log: { level: "debug" } } }));

  test("may be read by its group alone", () => expect(readConfig(write(0o640), uid).ok).toBe(true));

  test("must be there", () =>
    expect(fault(join(folder(), "x.toml"))).toMatch(/can't be used: there is no .*x\.toml$/));

  test.each([0o664, 0o646, 0o666])("may not be writable by others: %o", (mode) => {
    const path = write(mode);
    expect(fault(path)).toBe(
      `the configuration can't be used: ${path} is writable by others; run: chmod go-w ${path}`,
    );
  });

  test("may not lie in a folder where others write", () => {
    const path = write();
    chmodSync(join(path, ".."), 0o777);
    expect(fault(path)).toContain("is writable by others; run: chmod go-w");
  });

  test("may not be a folder", () =>
    expect(fault(folder())).toMatch(/is not a regular file|writable by others/));

  test("may not be a pipe, and nobody waits for one", () => {
    const path = join(folder(), "pipe");
    execFileSync("mkfifo", [path]);
    expect(fault(path)).toContain("is not a regular file");
  });

  test("may not be endless", () => {
    const path = write();
    writeFileSync(path, "#".repeat(70_000));
    expect(fault(path)).toContain("is larger than 65536 bytes");
  });

  test("must be UTF-8", () => {
    const path = write();
    writeFileSync(path, Buffer.from([0x23, 0xff, 0x0a]));
    expect(fault(path)).toContain("is not UTF-8");
  });

  test("may be a link to a trusted file", () => {
    const link = join(folder(), "link.toml");
    symlinkSync(write(), link);
    expect(readConfig(link, uid).ok).toBe(true);
  });

  test("may not be a link through a folder where others write", () => {
    const at = folder();
    const real = write();
    mkdirSync(join(at, "open"));
    chmodSync(join(at, "open"), 0o777);
    symlinkSync(real, join(at, "open", "step"));
    symlinkSync(join(at, "open", "step"), join(at, "link.toml"));
    expect(fault(join(at, "link.toml"))).toContain("is writable by others");
  });

  test("may not be a link that leads nowhere or in circles", () => {
    const at = folder();
    symlinkSync(join(at, "b"), join(at, "a"));
    symlinkSync(join(at, "a"), join(at, "b"));
    symlinkSync(join(at, "none"), join(at, "c"));
    expect(fault(join(at, "a"))).toContain("too many symbolic links");
    expect(fault(join(at, "c"))).toContain("there is no");
  });

  test.runIf(isRoot)("must belong to root or the account that runs", () => {
    const path = write();
    chownSync(path, 1, 1);
    expect(fault(path)).toContain("belongs to another user (uid 1); run: chown root");
    expect(readConfig(path, 1).ok).toBe(true);
  });

  test.runIf(isRoot)("may not be another user's link", () => {
    const link = join(folder(), "link.toml");
    symlinkSync(write(), link);
    lchownSync(link, 1, 1);
    expect(fault(link)).toContain("is a link that belongs to another user");
  });
});
