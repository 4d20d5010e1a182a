// What lies on the disk: closed to others, useless without the key, and never taken for something it is not.

import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { parseJoinToken } from "../../protocol/sync/join-token.ts";
import { initServer, openServer } from "../../server/identity/open-server.ts";
import { toBase32 } from "../../words/base32.ts";
import { FakeClock, random, startMs, temporaryFolder, testServer, totpAt } from "./fixture.ts";
import { run } from "./process.ts";

function everyFile(folder: string): Buffer {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && entry.name !== "server.key");
  return Buffer.concat(files.map((entry) => readFileSync(join(entry.parentPath, entry.name))));
}

async function emptyServer(): Promise<string> {
  const data = join(temporaryFolder(), "data");
  const { store } = await initServer(data, new FakeClock(), random);
  await store.close();
  return data;
}

describe("the data folder", () => {
  it("holds no secret, code or token that can be read without the key", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const [backupCode = ""] = await server.addBackupCodes("alice");
    const token = await server.token();
    const parsed = parseJoinToken(token);
    if (!parsed.ok) throw new Error(parsed.error);
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    await laptop.verify("alice", [backupCode]);
    const bytes = everyFile(server.data);
    const text = bytes.toString("latin1");
    expect(text).toContain("alice");
    for (const hidden of [secret, parsed.value.secret]) {
      expect(bytes.indexOf(hidden)).toBe(-1);
      for (const form of [toBase32(hidden), hidden.toBase64(), hidden.toHex()])
        expect(text.toLowerCase()).not.toContain(form.toLowerCase());
    }
    const code = backupCode.replaceAll("-", "");
    for (const form of [backupCode, code, totpAt(secret, startMs)]) expect(text).not.toContain(form);
  });

  it("and everything in it are closed to others", async () => {
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

describe("a sealed record", () => {
  it("put in another's place does not open, and the sign-in fails without a verdict", async () => {
    const server = await testServer();
    const mine = await server.userWithTotp("mallory");
    await server.userWithTotp("alice");
    const { db } = server.store;
    const rows = await db
      .selectFrom("authenticators")
      .innerJoin("users", "users.id", "authenticators.userId")
      .select(["authenticators.id", "users.name", "sealed"])
      .execute();
    const sealed = rows.find((row) => row.name === "mallory")?.sealed ?? "";
    const target = rows.find((row) => row.name === "alice")?.id ?? "";
    await db.updateTable("authenticators").set({ sealed }).where("id", "=", target).execute();
    const laptop = await server.machine();
    const sent = await laptop.send("verify", laptop.verifyRequest("alice", [totpAt(mine, startMs)]));
    expect(sent.status).toBe(500);
    expect(await laptop.verify("mallory", [totpAt(mine, startMs)])).toMatchObject({ verdict: "granted" });
  });

  it("made by a newer program is left alone", async () => {
    const server = await testServer();
    await sql`insert into migrations (number) values (999)`.execute(server.store.db);
    await expect(openServer(server.data, new FakeClock(), random)).rejects.toThrow("newer nightlatch-server");
  });
});
