// What lies on the disk: closed to others, useless without the key, and never taken for something it is not.

import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { initServer, openServer } from "../../server/identity/open-server.ts";
import { openStore } from "../../server/store/store.ts";
import { FakeClock, random, temporaryFolder, testServer } from "./fixture.ts";
import { run } from "./process.ts";

async function emptyServer(): Promise<string> {
  const data = join(temporaryFolder(), "data");
  const { store } = await initServer(data, new FakeClock(), random);
  await store.close();
  return data;
}

describe("the data folder", () => {
  it("and all that lies in it are closed to others", async () => {
    const data = await emptyServer();
    expect(statSync(data).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(data)) expect(statSync(join(data, name)).mode & 0o077).toBe(0);
  });

  it("is refused when others can look into it", async () => {
    const data = await emptyServer();
    chmodSync(data, 0o750);
    await expect(openServer(data, new FakeClock(), random)).rejects.toThrow("open to other users");
  });
});

describe("the server's key", () => {
  it("is made once", async () => {
    const data = await emptyServer();
    const before = readFileSync(join(data, "server.key"));
    const { store } = await openServer(data, new FakeClock(), random);
    await store.close();
    expect(readFileSync(join(data, "server.key"))).toEqual(before);
    expect(before).toHaveLength(32);
  });

  it("is one and the same for processes that start at once", async () => {
    const data = join(temporaryFolder(), "data");
    const ran = await Promise.all([1, 2, 3].map(() => run(["--data", data, "init"])));
    expect(ran.map(({ code, err }) => [code, err])).toEqual(Array(3).fill([0, ""]));
    expect(new Set(ran.map(({ out }) => out)).size).toBe(1);
    expect(readdirSync(data).filter((name) => name.startsWith("server.key."))).toEqual([]);
  });

  it("is never made anew beside a database", async () => {
    const data = await emptyServer();
    rmSync(join(data, "server.key"));
    await expect(openServer(data, new FakeClock(), random)).rejects.toThrow(
      "missing next to an existing database",
    );
    await expect(initServer(data, new FakeClock(), random)).rejects.toThrow("missing next to an existing");
    expect(readdirSync(data)).not.toContain("server.key");
  });

  it("is no server without its database: none is made in its place", async () => {
    const data = await emptyServer();
    for (const name of readdirSync(data)) if (name !== "server.key") rmSync(join(data, name));
    await expect(openServer(data, new FakeClock(), random)).rejects.toThrow("nightlatch.db is missing");
    expect(readdirSync(data)).toEqual(["server.key"]);
  });

  it.each([
    ["with nothing in it", ""],
    ["cut short before its server was", undefined],
  ])("is no server beside a database %s: it is not taken for a new one", async (_, content) => {
    const data = await emptyServer();
    for (const name of readdirSync(data)) if (name !== "server.key") rmSync(join(data, name));
    const path = join(data, "nightlatch.db");
    if (content === undefined) await (await openStore({ kind: "sqlite", path })).close();
    else writeFileSync(path, content);
    await expect(openServer(data, new FakeClock(), random)).rejects.toThrow(
      `${path} holds no server; restore it from the backup, or if it never was finished run init again`,
    );
    const made = await initServer(data, new FakeClock(), random);
    await made.store.close();
    await (await openServer(data, new FakeClock(), random)).store.close();
  });

  it("of another server is noticed", async () => {
    const [data, other] = [await emptyServer(), await emptyServer()];
    copyFileSync(join(other, "server.key"), join(data, "server.key"));
    await expect(openServer(data, new FakeClock(), random)).rejects.toThrow(
      "does not belong to this database",
    );
  });

  it("is refused when it is cut short or open to others", async () => {
    const data = await emptyServer();
    const key = join(data, "server.key");
    chmodSync(key, 0o640);
    await expect(openServer(data, new FakeClock(), random)).rejects.toThrow("open to other users");
    chmodSync(key, 0o600);
    writeFileSync(key, readFileSync(key).subarray(0, 31));
    await expect(openServer(data, new FakeClock(), random)).rejects.toThrow("not a server key");
  });
});

describe("a database", () => {
  it("made by a newer program is left alone", async () => {
    const server = await testServer();
    await sql`insert into migrations (number) values (999)`.execute(server.store.db);
    await expect(openServer(server.data, new FakeClock(), random)).rejects.toThrow("newer nightlatch-server");
  });
});
