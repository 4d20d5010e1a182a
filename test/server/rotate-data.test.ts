// Another server.key under everything sealed: complete, while the server runs, and wherever it is cut off.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type OpenServer, openServer } from "../../server/identity/open-server.ts";
import { rotateData } from "../../server/identity/rotate-data.ts";
import { checkAll } from "../../server/identity/sealed-rows.ts";
import { changeMail } from "../../server/mail/settings.ts";
import { settingSecrets } from "../../server/settings/sealed.ts";
import { commandLine } from "./command-line.ts";
import {
  FakeClock,
  random,
  startMs,
  type TestServer,
  temporaryFolder,
  testServer,
  totpAt,
} from "./fixture.ts";
import { setPin } from "./pins.ts";
import { compiled } from "./process.ts";

const keyOf = (data: string) => readFileSync(join(data, "server.key"));

/** A server with something sealed in every table that its own commands fill. */
async function filled(): Promise<TestServer & { secret: Uint8Array }> {
  const server = await testServer();
  const secret = await server.userWithTotp("alice");
  await server.addHotp("alice");
  await server.addBackupCodes("alice");
  await setPin(server, "alice", "9946");
  await server.token();
  await server.policy("seeds=per-machine");
  const laptop = await server.machine();
  await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
  await server.store.write((tx) =>
    changeMail(
      tx,
      server.vault,
      { host: "127.0.0.1", security: "none", from: "mfa@corp.example", user: "mfa", password: "hunter2" },
      startMs,
    ),
  );
  return { ...server, secret };
}

/** How many sealed records open with what is on the disk. */
async function opening(data: string): Promise<number> {
  const server = await openServer(data, new FakeClock(), random);
  try {
    return await checkAll(server.store, server.vault);
  } finally {
    await server.store.close();
  }
}

/** Under the old key alone nothing opens: the database does not even let it in. */
async function refuses(data: string, key: Uint8Array): Promise<void> {
  const copy = join(temporaryFolder(), "old");
  cpSync(data, copy, { recursive: true });
  writeFileSync(join(copy, "server.key"), key);
  await expect(openServer(copy, new FakeClock(), random)).rejects.toThrow("does not belong to this database");
}

describe("rotate-data", () => {
  it("seals everything anew, and the old key opens nothing of it", async () => {
    const server = await filled();
    const [old, before] = [keyOf(server.data), await opening(server.data)];
    const { recoveryKey } = await recovery(server);
    expect(await rotateData(server, server.clock, random)).toBe(before);
    const fresh = keyOf(server.data);
    expect(fresh).toHaveLength(32);
    expect(fresh).not.toEqual(old);
    expect(await opening(server.data)).toBe(before);
    await refuses(server.data, old);
    // What machines hold of the server's own secrets stays good.
    expect((await recovery(server)).recoveryKey).toEqual(recoveryKey);
    expect((await server.audit()).at(-1)).toMatchObject({ kind: "data-key-rotated" });
  });

  it("is followed by a server that runs, without a restart", async () => {
    const server = await filled();
    const other = await openServer(server.data, server.clock, random);
    await rotateData(other, server.clock, random);
    await other.store.close();
    // What is sealed from now on is sealed under the new key, by whoever seals it.
    const bob = await server.userWithTotp("bob");
    server.clock.pass(30_000);
    const laptop = await server.machine("other");
    expect(await laptop.verify("bob", [totpAt(bob, server.clock.nowMs)])).toMatchObject({
      verdict: "granted",
    });
    expect(await laptop.verify("alice", [totpAt(server.secret, server.clock.nowMs)])).toMatchObject({
      verdict: "granted",
    });
    await opening(server.data);
  });

  it("goes on where it was cut off, and makes no third key", async () => {
    const server = await filled();
    server.keyFile.begin(random);
    const both = keyOf(server.data);
    expect(both).toHaveLength(64);
    server.keyFile.begin(random);
    expect(keyOf(server.data)).toEqual(both);
    await opening(server.data);
    const line = commandLine(false, false);
    line.environment["NIGHTLATCH_DATA"] = server.data;
    expect((await line.call("keys", "show")).out).toContain("rotate-data was cut off: run it again");
    await rotateData(server, server.clock, random);
    expect(keyOf(server.data)).toEqual(both.subarray(0, 32));
    expect((await line.json("keys", "show")).dataKeyRotationUnfinished).toBe(false);
  });

  it("does not touch what it can't open, and says so", async () => {
    const server = await filled();
    await server.store.db.updateTable("offlineRoots").set({ sealed: "AQEAAAA=" }).execute();
    await expect(rotateData(server, server.clock, random)).rejects.toThrow("does not open");
    // Both keys stay: nothing is lost, and what is damaged can still be put right.
    expect(keyOf(server.data)).toHaveLength(64);
  });
});

describe("the list of what is sealed", () => {
  it("has every secret among the settings", () => {
    const server = fileURLToPath(new URL("../../server", import.meta.url));
    const named = readdirSync(server, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => [
        ...readFileSync(join(server, name), "utf8").matchAll(/table: "settings", id: "([^"]+)"/g),
      ]);
    expect(named.map(([, id]) => id).toSorted()).toEqual(settingSecrets.map(({ id }) => id));
  });
});

describe("a process that is killed when it makes something durable", () => {
  it.each(["rename", "fsync"])(
    "leaves a server that opens whole, and can be rotated on: %s",
    async (call) => {
      const server = await filled();
      await server.store.close();
      const records = await opening(server.data);
      const original = keyOf(server.data);
      let kills = 0;
      for (let killed = true; killed; ) {
        const data = join(temporaryFolder(), "data");
        cpSync(server.data, data, { recursive: true });
        killed = killedAt(data, call, kills + 1);
        if (killed) kills += 1;
        expect(await opening(data), `${call} ${kills}`).toBe(records);
        const again = await openServer(data, new FakeClock(), random);
        await rotateData(again, new FakeClock(), random);
        await again.store.close();
        expect(keyOf(data)).toHaveLength(32);
        expect(keyOf(data)).not.toEqual(original);
        expect(await opening(data)).toBe(records);
      }
      // The file is replaced twice, and each table is a transaction of its own at least.
      expect(kills).toBeGreaterThanOrEqual(call === "rename" ? 2 : 10);
    },
    240_000,
  );
});

describe("a process that is killed while it makes another identity", () => {
  it("leaves one identity or two, and a server that opens whole", async () => {
    const server = await filled();
    await server.store.close();
    const seen = new Set<number>();
    for (let kills = 0, killed = true; killed; kills++) {
      const data = join(temporaryFolder(), "data");
      cpSync(server.data, data, { recursive: true });
      killed = killedAt(data, "fsync", kills + 1, "rotate-identity");
      await opening(data);
      const line = commandLine(false, false);
      line.environment["NIGHTLATCH_DATA"] = data;
      const { identities } = await line.json("keys", "show");
      expect(identities.at(-1).fingerprint).toBe((await line.json("identity")).fingerprint);
      // The newest can sign, whichever it is.
      expect((await line.call("keys", "rotate-identity")).code).toBe(0);
      seen.add(identities.length);
    }
    expect([...seen].toSorted()).toEqual([1, 2]);
  }, 120_000);
});

/** Whether the command was killed at the `at`-th of these calls; false when it came to its end before. */
function killedAt(data: string, call: string, at: number, command = "rotate-data"): boolean {
  const log = join(temporaryFolder(), "strace");
  const traced = [
    "-f",
    "-qq",
    "-o",
    log,
    "-e",
    `trace=${call}`,
    "-e",
    `inject=${call}:signal=KILL:when=${at}`,
  ];
  const node = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
  const main = fileURLToPath(new URL("../../server/main.ts", import.meta.url));
  const { signal, status } = spawnSync(
    "strace",
    [...traced, node, "--disable-warning=ExperimentalWarning", main, "--data", data, "keys", command],
    // What Node keeps compiled is renamed into its place as well, and would be counted.
    { stdio: "ignore", env: call === "rename" ? process.env : { ...process.env, ...compiled } },
  );
  expect(existsSync(log)).toBe(true);
  if (signal === null) expect(status).toBe(0);
  return signal === "SIGKILL";
}

async function recovery({ vault, store }: OpenServer): Promise<{ recoveryKey: string }> {
  const { id } = await store.db.selectFrom("machines").select("id").executeTakeFirstOrThrow();
  return { recoveryKey: vault.digest(["nightlatch/recovery-key/1", id]) };
}
