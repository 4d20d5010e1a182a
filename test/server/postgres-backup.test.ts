// The procedure of the admin guide for PostgreSQL, with its own pg_dump and pg_restore; and keys that are rotated there.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openServer } from "../../server/identity/open-server.ts";
import { checkAll } from "../../server/identity/sealed-rows.ts";
import { commandLine } from "./command-line.ts";
import { FakeClock, random, temporaryFolder } from "./fixture.ts";
import { type Cluster, startCluster } from "./postgres/cluster.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

async function on(name: string) {
  execFileSync("psql", [cluster.url, "-qc", `create database ${name}`]);
  const url = cluster.url.replace("/postgres?", `/${name}?`);
  const line = commandLine(false, false);
  line.environment["NIGHTLATCH_DATABASE"] = url;
  return { ...line, url };
}

async function secretsOf(data: string, url: string): Promise<number> {
  const server = await openServer(data, new FakeClock(), random, url);
  try {
    return await checkAll(server.store, server.vault);
  } finally {
    await server.store.close();
  }
}

it("a server on PostgreSQL is dumped while it has other keys than it began with, and restored", async () => {
  const before = await on("before");
  const { fingerprint } = await before.json("init");
  await before.call("user", "add", "alice");
  await before.call("authenticator", "add", "totp", "alice");
  await before.call("join-token", "create");
  const next = await before.json("keys", "rotate-identity");
  expect(next.fingerprint).not.toBe(fingerprint);
  const key = readFileSync(join(before.data, "server.key"));
  const { resealed } = await before.json("keys", "rotate-data");
  expect(await secretsOf(before.data, before.url)).toBe(resealed);
  expect(readFileSync(join(before.data, "server.key"))).not.toEqual(key);

  const dump = join(temporaryFolder(), "nightlatch.dump");
  execFileSync("pg_dump", ["--format=custom", `--file=${dump}`, before.url]);
  await before.call("user", "add", "bob");

  const after = await on("after");
  mkdirSync(after.data, { mode: 0o700 });
  copyFileSync(join(before.data, "server.key"), join(after.data, "server.key"));
  execFileSync("pg_restore", ["--no-owner", "--exit-on-error", `--dbname=${after.url}`, dump]);
  const { code, err } = await after.call("after-restore");
  expect([code, err]).toEqual([0, expect.stringContaining("is forgotten")]);
  expect(await after.json("identity")).toEqual({ fingerprint: next.fingerprint });
  expect((await after.json("user", "list")).map(({ name }: { name: string }) => name)).toEqual(["alice"]);
  expect(
    (await after.json("join-token", "list")).map(({ expired }: { expired: boolean }) => expired),
  ).toEqual([true]);
  expect(await secretsOf(after.data, after.url)).toBe(resealed);
  expect((await after.json("audit")).at(-1)).toMatchObject({ kind: "server-restored" });
});

it("backup and restore say whose work that is", async () => {
  const line = await on("other");
  await line.call("init");
  for (const [command, tool] of [
    ["backup", "pg_dump"],
    ["restore", "pg_restore"],
  ] as const) {
    const { code, err } = await line.call(command, join(temporaryFolder(), "x"));
    expect([code, err]).toEqual([1, expect.stringContaining(tool)]);
  }
});
