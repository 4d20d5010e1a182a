// `server.key` put back as it was before another took its place, and servers that share a database where only one has it.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { KeyFile } from "../../server/identity/key-file.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { ServerIdentity } from "../../server/identity/server-keys.ts";
import { Vault } from "../../server/identity/vault.ts";
import { Health } from "../../server/monitoring/health.ts";
import { followKeys } from "../../server/serving/follow-keys.ts";
import { rotateData } from "../../server/identity/rotate-data.ts";
import { FakeClock, random, temporaryFolder, testServer } from "./fixture.ts";
import { setPin } from "./pins.ts";
import { run, serve } from "./process.ts";

const again = (data: string, url: string | undefined) => openServer(data, new FakeClock(), random, url);

describe("an old key file", () => {
  it("that comes back in the middle of a rotation opens no server, however little was sealed anew", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await setPin(server, "alice", "9946");
    await server.token();
    const file = join(server.data, "server.key");
    const old = readFileSync(file);
    // Where it stops: at the first secret that is no secret.
    await server.store.db.updateTable("authenticators").set({ sealed: "AQEAAAA=" }).execute();
    await expect(rotateData(server, server.clock, random)).rejects.toThrow("does not open");
    const both = readFileSync(file);
    writeFileSync(file, old);
    await expect(again(server.data, server.postgresUrl)).rejects.toThrow("does not belong to this database");
    writeFileSync(file, both);
    const opened = await again(server.data, server.postgresUrl);
    await opened.store.close();
  });

  it("is seen by the server that runs: it is not ready until the right one is there", async () => {
    const data = join(temporaryFolder(), "data");
    const server = await serve(["--data", data, "--insecure-http-loopback", "--metrics", "127.0.0.1:0"]);
    const look = (path: string) => fetch(new URL(path, server.metrics ?? ""));
    const ready = async () => (await look("/readyz")).status;
    const counted = async () =>
      /^nightlatch_server_key_refused (\d)$/m.exec(await (await look("/metrics")).text());
    const file = join(data, "server.key");
    const kept = join(temporaryFolder(), "server.key");
    copyFileSync(file, kept);
    expect((await run(["--data", data, "--json", "keys", "rotate-data"])).code).toBe(0);
    const right = readFileSync(file);
    expect(await ready()).toBe(200);
    copyFileSync(kept, file);
    await server.logged("server.key is not that of the database");
    expect(await ready()).toBe(503);
    expect(await (await look("/readyz")).json()).toMatchObject({ why: "server-key" });
    expect(await (await fetch(new URL("/readyz", server.url))).json()).not.toHaveProperty("why");
    expect((await counted())?.[1]).toBe("1");
    writeFileSync(file, right);
    await server.logged("server.key is that of the database again");
    expect(await ready()).toBe(200);
    expect((await counted())?.[1]).toBe("0");
    // Said once, not every two seconds.
    expect(server.log().split("is not that of the database")).toHaveLength(2);
  });
});

/** A server beside another on one database, with a copy of its `server.key`, that looks at it when it is told to. */
async function pair() {
  const server = await testServer();
  await server.userWithTotp("alice");
  const other = join(temporaryFolder(), "other");
  mkdirSync(other, { mode: 0o700 });
  const file = join(other, "server.key");
  copyFileSync(join(server.data, "server.key"), file);
  const { store } = server;
  const keyFile = new KeyFile({ ...server.folder, keyFile: file });
  const all = () => keyFile.keys.map((key) => KeyFile.derive(key, "sealing"));
  const vault = new Vault({ follow: () => keyFile.follow(), all }, () => new Uint8Array(32), random);
  const identity = await ServerIdentity.load(store.db, vault);
  const beside = { ...server, keyFile, vault, identity };
  const health = new Health(store);
  const look = async (times = 2) => {
    let looks = 0;
    const sleep = () => (looks++ < times ? Promise.resolve() : Promise.reject(new Error("over")));
    const over = new AbortController();
    await followKeys(beside, health, { ...server.clock, sleep }, over.signal, pino({ level: "silent" }));
    return health.isReady();
  };
  return { server, file, beside, look };
}

describe("of two servers on one database", () => {
  it("a refused one takes the same file again when it is the database that was put back, and none unseen", async () => {
    const { server, file, beside, look } = await pair();
    const { db } = server.store;
    const before = await db.selectFrom("serverKeys").select(["number", "sealed"]).orderBy("number").execute();
    await rotateData(server, server.clock, random);
    expect(await look()).toBe(false);
    const name = { table: "accounts", id: "x" } as const;
    const old = readFileSync(file);
    for (const bad of [random.bytes(32), random.bytes(31)]) {
      writeFileSync(file, bad);
      // Before anybody has looked at it, and after.
      expect(() => beside.vault.seal(name, new Uint8Array(1))).toThrow("no key to seal with");
      expect(await look()).toBe(false);
      expect(() => beside.vault.seal(name, new Uint8Array(1))).toThrow("no key to seal with");
    }
    writeFileSync(file, old);
    expect(await look()).toBe(false);
    for (const { number, sealed } of before)
      await db.updateTable("serverKeys").set({ sealed }).where("number", "=", number).execute();
    expect(await look(1)).toBe(true);
    expect(beside.vault.open(name, beside.vault.seal(name, Uint8Array.of(7)))).toEqual(Uint8Array.of(7));
  });

  it("the one whose key was not replaced seals and opens nothing more, and does not start", async () => {
    const { server, file, beside, look } = await pair();
    const { store } = server;
    const { vault } = beside;
    expect(await beside.identity.isOpenedBy(vault, store.db)).toBe(true);
    await rotateData(server, server.clock, random);
    expect(await look()).toBe(false);
    const name = { table: "accounts", id: "x" } as const;
    expect(() => vault.seal(name, new Uint8Array(1))).toThrow("no key to seal with");
    await expect(ServerIdentity.load(store.db, vault)).rejects.toThrow("does not open");
    // As the manual has it.
    copyFileSync(join(server.data, "server.key"), file);
    expect(await look()).toBe(true);
    const sealed = vault.seal(name, Uint8Array.of(7));
    expect(server.vault.open(name, sealed)).toEqual(Uint8Array.of(7));
  });
});
