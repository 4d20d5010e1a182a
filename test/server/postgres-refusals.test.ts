// What an admin reads when PostgreSQL can't be had, or a file is not there.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { commandLine, commandLineAt } from "./command-line.ts";
import { FakeClock, temporaryFolder } from "./fixture.ts";
import { type Cluster, startCluster } from "./postgres/cluster.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

async function said(database: string): Promise<string> {
  const line = commandLine(false, false);
  line.environment["NIGHTLATCH_DATABASE"] = database;
  const { code, err } = await line.call("init");
  expect(code).toBe(1);
  return err;
}

it("a database that is not there is named as that", async () => {
  expect(await said(cluster.url.replace("/postgres?", "/nowhere?"))).toBe(
    "nightlatch-server: PostgreSQL: there is no such database; check its name in the database's URL (3D000)\n",
  );
});

it("a user that PostgreSQL does not know is not let in, and told where to look", async () => {
  expect(await said(cluster.url.replace(/\/\/[^@]*@/, "//stranger@"))).toMatch(
    /^nightlatch-server: PostgreSQL: .*check .*the database's URL.* \(28/,
  );
});

it("a password that nobody has given is asked for", async () => {
  const sql = (text: string) => execFileSync("psql", [cluster.url, "-qAtc", text], { encoding: "utf8" });
  sql("create role guarded login password 'open sesame'");
  const rules = sql("show hba_file").trim();
  writeFileSync(rules, `local all guarded scram-sha-256\n${readFileSync(rules, "utf8")}`);
  sql("select pg_reload_conf()");
  const guarded = (password: string) => cluster.url.replace(/\/\/[^@]*@/, `//guarded${password}@`);
  expect(await said(guarded(""))).toMatch(/^nightlatch-server: PostgreSQL asks for a password.*PGPASSFILE/);
  expect(await said(guarded(":wrong"))).toMatch(/^nightlatch-server: PostgreSQL: .*\(28P01\)\n$/);
});

it("a server that does not answer is named by its place", async () => {
  expect(await said("postgres://nightlatch@127.0.0.1:1/nightlatch")).toContain(
    "no connection at 127.0.0.1, port 1 (ECONNREFUSED)",
  );
});

it("a database that nothing is in is no server: none is made there but by init, and a move finds it as empty", async () => {
  const sql = (text: string) => execFileSync("psql", [cluster.url, "-qAtc", text], { encoding: "utf8" });
  const [line, beside] = [
    commandLineAt(new FakeClock(), join(temporaryFolder(), "data"), false, false),
    "fresh",
  ];
  expect((await line.call("init")).code).toBe(0);
  expect((await line.call("user", "add", "alice")).code).toBe(0);
  sql(`create database ${beside}`);
  const url = cluster.url.replace("/postgres?", `/${beside}?`);
  line.environment["NIGHTLATCH_DATABASE"] = url;
  for (const args of [
    ["user", "list"],
    ["after-restore"],
    ["serve", "--listen", "127.0.0.1:0", "--dev-ca"],
  ]) {
    const { code, out, err } = await line.call(...args);
    expect([args, code, out, err]).toEqual([
      args,
      1,
      "",
      "nightlatch-server: there is no server in this PostgreSQL database. Check --database or NIGHTLATCH_DATABASE; the one in " +
        `${line.data}/nightlatch.db is moved there by migrate-store, a new one is made by init\n`,
    ]);
    const tables = "select count(*) from pg_tables where schemaname = 'public'";
    expect(execFileSync("psql", [url, "-qAtc", tables], { encoding: "utf8" })).toBe("0\n");
  }
  expect((await line.call("migrate-store")).code).toBe(0);
  expect((await line.json("user", "list")).map(({ name }: { name: string }) => name)).toEqual(["alice"]);
});

it.each([
  ["create table server (name text)", "42703", "42P07"],
  ["create table server (id int); insert into server values (1)", "42P07", "42P07"],
  ["create table migrations (id int, migration text)", undefined, "42703"],
])("a database of another program's is left to it: %s", async (made, opening, making) => {
  const foreign = `foreign_${making}_${opening}`.toLowerCase();
  execFileSync("psql", [cluster.url, "-qAtc", `create database ${foreign}`]);
  const url = cluster.url.replace("/postgres?", `/${foreign}?`);
  const sql = (text: string) => execFileSync("psql", [url, "-qAtc", text], { encoding: "utf8" });
  sql(made);
  const tables = () => sql("select tablename from pg_tables where schemaname = 'public'");
  const before = tables();
  const line = commandLineAt(new FakeClock(), join(temporaryFolder(), "data"), false, false);
  const fresh = await line.call("init", "--database", url);
  expect([fresh.code, fresh.err]).toEqual([
    1,
    `nightlatch-server: PostgreSQL: something else has tables in this database; give this server one of its own (${making})\n`,
  ]);
  const own = commandLineAt(new FakeClock(), join(temporaryFolder(), "data"), false, false);
  expect((await own.call("init")).code).toBe(0);
  for (const args of [["migrate-store"], ["user", "list"]]) {
    const { code, err } = await own.call(...args, "--database", url);
    const why = args[0] === "user" ? (opening ?? "there is no server in this") : making;
    expect([code, err]).toEqual([1, expect.stringContaining(why)]);
  }
  expect(tables()).toBe(before);
});

it("a file that is not there is named with the reason", async () => {
  const { code, err } = await commandLine().call("import", "users", "/nowhere/people.csv");
  expect([code, err]).toEqual([
    1,
    "nightlatch-server: /nowhere/people.csv: there is no such file or folder (ENOENT)\n",
  ]);
  const folder = await commandLine().call("import", "users", "/");
  expect(folder.err).toBe("nightlatch-server: that is a folder (EISDIR)\n");
});
