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
    const ready = async () => (await fetch(new URL("/readyz", server.metrics ?? ""))).status;
    const file = join(data, "server.key");
    const kept = join(temporaryFolder(), "server.key");
    copyFileSync(file, kept);
    expect((await run(["--data", data, "--json", "keys", "rotate-data"])).code).toBe(0);
    const right = readFileSync(file);
    expect(await ready()).toBe(200);
    copyFileSync(kept, file);
    await server.logged("server.key is not that of the database");
    expect(await ready()).toBe(503);
    writeFileSync(file, right);
    await server.logged("server.key is that of the database again");
    expect(await ready()).toBe(200);
    // Said once, not every two seconds.
    expect(server.log().split("is not that of the database")).toHaveLength(2);
  });
});

describe("of two servers on one database", () => {
  it("the one whose key was not replaced seals and opens nothing more, and does not start", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    const other = join(temporaryFolder(), "other");
    mkdirSync(other, { mode: 0o700 });
    copyFileSync(join(server.data, "server.key"), join(other, "server.key"));
    const { store } = server;
    const keyFile = new KeyFile({ ...server.folder, keyFile: join(other, "server.key") });
    const all = () => keyFile.keys.map((key) => KeyFile.derive(key, "sealing"));
    const vault = new Vault({ follow: () => keyFile.follow(), all }, () => new Uint8Array(32), random);
    const identity = await ServerIdentity.load(store.db, vault);
    const beside = { ...server, keyFile, vault, identity };
    expect(await beside.identity.isOpenedBy(vault, store.db)).toBe(true);
    await rotateData(server, server.clock, random);
    const health = new Health(store);
    const over = new AbortController();
    let looks = 0;
    const clock = {
      ...server.clock,
      sleep: () => (looks++ < 2 ? Promise.resolve() : Promise.reject(new Error("over"))),
    };
    await followKeys(beside, health, clock, over.signal, pino({ level: "silent" }));
    expect(await health.isReady()).toBe(false);
    const name = { table: "accounts", id: "x" } as const;
    expect(() => vault.seal(name, new Uint8Array(1))).toThrow("no key to seal with");
    await expect(ServerIdentity.load(store.db, vault)).rejects.toThrow("does not open");
    // As the manual has it.
    copyFileSync(join(server.data, "server.key"), join(other, "server.key"));
    looks = 0;
    await followKeys(beside, health, clock, over.signal, pino({ level: "silent" }));
    expect(await health.isReady()).toBe(true);
    const sealed = vault.seal(name, Uint8Array.of(7));
    expect(server.vault.open(name, sealed)).toEqual(Uint8Array.of(7));
  });
});
