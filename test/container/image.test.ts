// What the image holds, file by file, and what it says about itself.

import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { account, thePodman } from "./running.ts";

const podman = thePodman();
const image = "nightlatch-server";
let folder: string;
let paths: readonly string[];

beforeAll(async () => {
  folder = (await podman.succeed(["image", "mount", image])).trim();
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  paths = found.map((entry) => `/${relative(folder, join(entry.parentPath, entry.name))}`).sort();
});

afterAll(async () => {
  await podman.run(["image", "unmount", image]);
});

const stat = (path: string) => lstatSync(join(folder, path));

test("it holds the program, its libraries, names, authorities, a configuration, and nothing else", () => {
  const files = paths.filter((path) => !stat(path).isDirectory());
  const libraries =
    /^\/(usr\/)?lib(64|\/[a-z0-9_]+-linux-gnu)\/(ld-linux[a-z0-9-]*|lib(atomic|c|dl|gcc_s|m|pthread|stdc\+\+))\.so\.\d+$/;
  expect(files.filter((path) => !libraries.test(path))).toEqual([
    "/etc/group",
    "/etc/nightlatch/server.toml",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/ssl/certs/ca-certificates.crt",
    "/usr/sbin/nightlatch-server",
  ]);
  // No shell and no interpreter follows from the list; no link leads to what will be there one day.
  expect(files.filter((path) => !stat(path).isFile())).toEqual([]);
});

test("all of it is root's, and written by root alone; the folder of the data is the account's alone", () => {
  const data = "/var/lib/nightlatch-server";
  for (const path of paths) {
    const { uid, gid, mode } = stat(path);
    // No set-user-ID, no set-group-ID, no sticky bit: nobody else has anything to write.
    const most = path === data ? 0o700 : 0o755;
    expect([path, uid, gid, mode & 0o7777 & ~most]).toEqual(
      path === data ? [path, account, account, 0] : [path, 0, 0, 0],
    );
  }
  expect(readdirSync(join(folder, data))).toEqual([]);
});

test("no key of anybody is in it, and nothing of the machine that built it", async () => {
  for (const path of paths) {
    if (!stat(path).isFile() || path.endsWith(".so") || path === "/usr/sbin/nightlatch-server") continue;
    expect([path, readFileSync(join(folder, path), "latin1").includes("PRIVATE KEY-----")]).toEqual([
      path,
      false,
    ]);
  }
  const said = await podman.succeed(["inspect", image]);
  expect(said).not.toMatch(/npmrc|authorities|registry\b/);
  // One layer over nothing: what was deleted on the way lies below none of it.
  expect(await podman.inspect<readonly string[]>(".RootFS.Layers", image)).toHaveLength(1);
});

test("it says how it is run", async () => {
  expect(await podman.inspect(".Config", image)).toMatchObject({
    User: `${account}:${account}`,
    ExposedPorts: { "8443/tcp": {} },
    Entrypoint: ["/usr/sbin/nightlatch-server"],
    Cmd: ["serve"],
    Volumes: { "/var/lib/nightlatch-server": {} },
    StopSignal: "SIGTERM",
  });
});

test("it is as small as the admin guide says", async () => {
  const bytes = await podman.inspect<number>(".Size", image);
  const program = statSync(join(folder, "usr/sbin/nightlatch-server")).size;
  console.log(
    `the image has ${(bytes / 1e6).toFixed(0)} MB, of it the program ${(program / 1e6).toFixed(0)} MB`,
  );
  expect(bytes).toBeLessThan(140e6);
});
