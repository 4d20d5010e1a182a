// Initial PINs out of a file: under the policies' rules, hashed before anything is written, and to be changed by their users.

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isPinKey, openPin } from "../../../otp/pin-lock.ts";
import { openServer } from "../../../server/identity/open-server.ts";
import { rotateData } from "../../../server/identity/rotate-data.ts";
import { checkAll } from "../../../server/identity/sealed-rows.ts";
import { importUsers } from "../../../server/import/import-users.ts";
import type { Source } from "../../../server/import/record.ts";
import { pinOf } from "../../../server/pins/pins.ts";
import { addUser, theUser } from "../../../server/users/users.ts";
import { commandLine } from "../command-line.ts";
import { random, type TestServer, temporaryFolder, testServer } from "../fixture.ts";
import { setPin, stateOfPin } from "../pins.ts";

type Opened = Pick<TestServer, "store" | "vault">;

async function holds({ store, vault }: Opened, name: string, pin: string): Promise<boolean> {
  const kept = await pinOf(store.db, vault, (await theUser(store.db, name)).id);
  return kept !== undefined && isPinKey(await openPin(pin, kept.lock), kept.key);
}

describe("a file with PINs", () => {
  function site() {
    const line = commandLine();
    const path = join(temporaryFolder(), "people.csv");
    const file = (text: string) => {
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const imported = (text: string, ...more: string[]) =>
      line.call("import", "users", file(text), "--json", ...more);
    const states = async () => {
      const folder = join(temporaryFolder(), "out");
      await line.call("export", "--out", folder);
      const rows = readFileSync(join(folder, "pins.jsonl"), "utf8").split("\n").filter(Boolean);
      return rows
        .map((row) => JSON.parse(row))
        .map(({ user, state }) => `${user} ${state}`)
        .sort();
    };
    const opened = () => openServer(line.data, line.clock, random, line.environment["NIGHTLATCH_DATABASE"]);
    return { ...line, file, imported, states, opened };
  }

  it("gives each who has none a first one that has to be changed, once", async () => {
    const { call, json, imported, states, opened, typed } = site();
    await call("user", "add", "bob");
    await call("user", "add", "carl");
    typed.push("5823");
    await call("user", "pin", "set", "carl");
    const text = "name,PIN\nalice,9946\nbob,7313\ncarl,8642\ndora,\n";
    const ran = await imported(text);
    expect(JSON.parse(ran.out)).toMatchObject({
      imported: true,
      added: 2,
      changed: 1,
      unchanged: 1,
      pinsSet: 2,
    });
    expect(await states()).toEqual(["alice must-change", "bob must-change", "carl set"]);
    const server = await opened();
    expect(await holds(server, "alice", "9946")).toBe(true);
    expect(await holds(server, "alice", "9947")).toBe(false);
    expect(await holds(server, "carl", "5823")).toBe(true);
    await server.store.close();
    expect(JSON.parse((await imported(text)).out)).toMatchObject({ changed: 0, pinsSet: 0 });
    const entries = (await json("audit")) as { kind: string; detail: { pinsSet?: number } }[];
    expect(entries.flatMap(({ detail }) => detail.pinsSet ?? [])).toEqual([2, 0]);
  });

  it("keeps to the rules of the policies for its users' groups, tells each fault by line and no PIN, and imports nothing", async () => {
    const { call, imported, states, json } = site();
    await call("policy", "set", "--group", "staff", "pin.place=after", "pin.leastLength=6");
    await call("user", "add", "bob", "--group", "staff");
    const text = "name,groups,pin\nalice,staff,9946\nbob,,7313\ncarl,,1234\ndora,,99-46\nemil,staff,994657\n";
    const ran = await imported(text);
    expect(ran.code).toBe(1);
    const { errors, ...told } = JSON.parse(ran.out);
    expect(told).toMatchObject({ imported: false, badLines: 4, added: 1, pinsSet: 1 });
    expect(errors).toEqual([
      { line: 2, column: "pin", error: "a PIN has at least 6 characters here" },
      { line: 3, column: "pin", error: "a PIN has at least 6 characters here" },
      { line: 4, column: "pin", error: "a PIN such as 1234, 6543, aaaa or abcd is too easily guessed" },
      { line: 5, column: "pin", error: expect.stringContaining("and nothing else") },
    ]);
    expect(await json("user", "list")).toHaveLength(1);
    expect(await states()).toEqual([]);
    expect(JSON.parse((await imported(text, "--skip-bad-lines")).out)).toMatchObject({
      added: 1,
      pinsSet: 1,
    });
    expect(await states()).toEqual(["emil must-change"]);
  });

  it("says in a dry run how many there would be, and leaves nothing", async () => {
    const { imported, states, opened } = site();
    const ran = await imported("name,pin\nalice,9946\nbob,7313\n", "--dry-run");
    expect(JSON.parse(ran.out)).toMatchObject({ imported: false, added: 2, pinsSet: 2 });
    expect(await states()).toEqual([]);
    const { store } = await opened();
    expect(await store.db.selectFrom("importPins").selectAll().execute()).toEqual([]);
    await store.close();
  });

  it("that others can read is warned of", async () => {
    const { call, file } = site();
    const path = file("name,pin\nalice,9946\n");
    expect((await call("import", "users", path)).err).toBe("");
    chmodSync(path, 0o644);
    expect((await call("import", "users", path)).err).toContain("others can read it");
  });
});

describe("what happens between the reading of PINs and their hashing", () => {
  async function* people(count: number): Source {
    for (let line = 1; line <= count; line += 1)
      yield { line, cells: { name: `user${line}`, pin: String(7_300 + line * 13) } };
  }

  async function imported(server: TestServer, count: number, meanwhile: () => Promise<void>) {
    const { store, vault, clock, identity } = server;
    const seen: string[] = [];
    const report = importUsers(
      { store, vault, random, clock, signingKey: identity.signing.privateKey },
      {
        source: (async function* () {
          yield* people(count);
          await meanwhile();
        })(),
        from: "a test",
        secretEncoding: "base32",
        otherGroups: "keep",
        onlyAdmin: "refuse-all",
        otherEntries: "refuse",
        skipBadLines: false,
        dryRun: false,
      },
      {
        read: () => undefined,
        pins: (done, all) => seen.push(`${done}/${all}`),
        writing: () => seen.push("writing"),
      },
      () => undefined,
    );
    return { report: await report, seen };
  }

  it("it is told how far it is, before others wait for what is written", async () => {
    const server = await testServer();
    const { seen, report } = await imported(server, 9, async () => undefined);
    expect(report).toMatchObject({ done: true, applied: { added: 9, pinsSet: 9 } });
    expect(seen).toEqual(["4/9", "8/9", "9/9", "writing"]);
    expect(await stateOfPin(server, "user3")).toEqual({ state: "must-change", failures: 0 });
    expect(await holds(server, "user3", "7339")).toBe(true);
  });

  it("a rotation of the key, and a user who sets a PIN, are no obstacle", async () => {
    const server = await testServer();
    const { store, clock } = server;
    await store.write((tx) =>
      addUser(tx, { name: "user1", displayName: "", groups: [] }, random, clock.nowMs),
    );
    const { report } = await imported(server, 5, async () => {
      const other = await openServer(server.data, clock, random, server.postgresUrl);
      await rotateData(other, clock, random);
      await other.store.close();
      await setPin(server, "user1", "5823");
    });
    expect(report).toMatchObject({ done: true, applied: { added: 4, pinsSet: 4 } });
    expect(await holds(server, "user1", "5823")).toBe(true);
    expect(await holds(server, "user5", "7365")).toBe(true);
    const after = await openServer(server.data, clock, random, server.postgresUrl);
    expect(await checkAll(after.store, after.vault)).toBeGreaterThanOrEqual(5);
    await after.store.close();
  });
});
