// What the server is run by, as far as it can be checked without running it: test/booted boots the units, test/container
// builds and runs the container.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixture.ts";

const root = join(import.meta.dirname, "../..");
const unit = (name: string) => join(root, "packaging/systemd", name);

describe("the units", () => {
  it.each([
    "nightlatch-server.service",
    "nightlatchd.service",
    "nightlatchd.socket",
    "nightlatchd-admin.socket",
  ])("are ones that systemd understands: %s", (name) => {
    // The programs are not installed here; everything else stands as it is.
    const folder = temporaryFolder();
    for (const each of ["nightlatchd.service", "nightlatchd.socket", "nightlatchd-admin.socket", name]) {
      const text = readFileSync(unit(each), "utf8").replace(/^ExecStart=\S+/m, "ExecStart=/bin/true");
      writeFileSync(join(folder, each), text);
    }
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", join(folder, name)], {
      encoding: "utf8",
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
    });
    const ours = stderr.split("\n").filter((line) => line.includes("nightlatch"));
    expect([status, ours]).toEqual([0, []]);
  });

  // In tenths, as systemd 252 counts.
  it.each([
    ["nightlatch-server.service", 11],
    ["nightlatchd.service", 15],
  ])("are shut in: %s at %i or less", (name, most) => {
    const analyze = (threshold: number) =>
      spawnSync("systemd-analyze", [
        "security",
        "--offline=true",
        `--threshold=${threshold}`,
        "--no-pager",
        unit(name),
      ]).status;
    expect(analyze(most)).toBe(0);
    // The threshold bites.
    expect(analyze(most - 1)).not.toBe(0);
  });

  it("run the server as the manual says", () => {
    const text = readFileSync(unit("nightlatch-server.service"), "utf8");
    for (const line of [
      "Type=notify",
      "ExecStart=/usr/local/sbin/nightlatch-server serve --config /etc/nightlatch/server.toml",
      "RestartPreventExitStatus=78",
    ])
      expect(text.split("\n")).toContain(line);
    // A server that is lost must not come back as a new one.
    expect(text).not.toContain("--init");
  });
});

describe("the container", () => {
  const lines = readFileSync(join(root, "packaging/container/Containerfile"), "utf8")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));

  it("begins with a release that is named, and ends with nothing but what was put together", () => {
    const known = /^(FROM|RUN|WORKDIR|COPY|USER|ENV|VOLUME|EXPOSE|STOPSIGNAL|ENTRYPOINT|CMD) /;
    expect(lines.filter((line) => !known.test(line))).toEqual([]);
    expect(lines[0]).toMatch(/^FROM docker\.io\/library\/debian:\d+-slim AS build$/);
    expect(last[0]).toBe("FROM scratch");
    expect(last.filter((line) => /^(RUN|ADD) /.test(line))).toEqual([]);
  });

  it("runs as an account of its own, and makes no server by itself", () => {
    expect(last).toContain("USER 10001:10001");
    const entry = JSON.parse(last.find((line) => line.startsWith("ENTRYPOINT "))?.slice(11) ?? "[]");
    const command = JSON.parse(last.find((line) => line.startsWith("CMD "))?.slice(4) ?? "[]");
    expect([...entry, ...command]).toEqual(["/usr/sbin/nightlatch-server", "serve"]);
    // Named for every command, not for `serve` alone: `init` must make its server where `serve` looks for it.
    expect(last.join(" ")).toContain("NIGHTLATCH_CONFIG=/etc/nightlatch/server.toml");
  });

  it.runIf(process.getuid?.() === 0)("holds what the program needs, and no shell", () => {
    const folder = join(temporaryFolder(), "root");
    mkdirSync(folder);
    // The runtime that the executable is made of: it is linked to the same libraries.
    execFileSync(join(root, "packaging/container/root"), [process.execPath, folder]);
    const inside = (...args: string[]) =>
      execFileSync("chroot", ["--userspec=10001:10001", folder, "/usr/sbin/nightlatch-server", ...args], {
        encoding: "utf8",
      });
    expect(inside("--version")).toBe(`${process.version}\n`);
    const program = `
      const { writeFileSync, readFileSync } = require("node:fs");
      writeFileSync("/var/lib/nightlatch-server/x", "");
      require("node:tls").createSecureContext({ ca: readFileSync("/etc/ssl/certs/ca-certificates.crt") });
      let closed = true;
      try { writeFileSync("/etc/x", ""); closed = false; } catch {}
      console.log(closed, process.getuid());`;
    expect(inside("-e", program)).toBe("true 10001\n");
    for (const name of ["bin/sh", "bin/bash", "usr/bin/env"])
      expect(existsSync(join(folder, name))).toBe(false);
    expect(statSync(join(folder, "var/lib/nightlatch-server")).mode & 0o777).toBe(0o700);
  });
});
