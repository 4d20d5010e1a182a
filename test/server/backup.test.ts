// A backup is a whole server of one moment, and a restore gives it back.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { verifyCopy } from "../../server/backup/backup.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { commandLine } from "./command-line.ts";
import { FakeClock, random, temporaryFolder } from "./fixture.ts";
import { run } from "./process.ts";

const into = () => join(temporaryFolder(), "backup");

async function filled() {
  const line = commandLine();
  await line.call("user", "add", "alice");
  await line.call("authenticator", "add", "totp", "alice");
  line.typed.push("9946");
  await line.call("user", "pin", "set", "alice");
  return line;
}

describe("a backup", () => {
  it("is two files that nobody else can read, and opens", async () => {
    const line = await filled();
    const to = into();
    const { secrets } = await line.json("backup", to);
    expect(readdirSync(to).toSorted()).toEqual(["nightlatch.db", "server.key"]);
    expect(statSync(to).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(to)) expect(statSync(join(to, name)).mode & 0o777).toBe(0o600);
    expect(await verifyCopy(to, new FakeClock(), random)).toBe(secrets);
    expect((await line.json("audit")).at(-1)).toMatchObject({ kind: "backed-up", detail: { secrets } });
  });

  it("never writes over anything", async () => {
    const line = await filled();
    const to = into();
    mkdirSync(to);
    const { code, err } = await line.call("backup", to);
    expect([code, err]).toEqual([1, expect.stringContaining("is there already")]);
    expect(readdirSync(to)).toEqual([]);
  });

  it("leaves nothing where it can't be made", async () => {
    const line = await filled();
    const to = join(temporaryFolder(), "no", "such", "folder");
    expect((await line.call("backup", to)).code).toBe(1);
    expect(existsSync(to)).toBe(false);
    // A secret that does not open is no good in a copy either.
    const server = await openServer(line.data, line.clock, random);
    await server.store.db.updateTable("authenticators").set({ sealed: "AQEAAAA=" }).execute();
    await server.store.close();
    const folder = temporaryFolder();
    expect((await line.call("backup", join(folder, "backup"))).code).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is whole while others write, and while the key is replaced", async () => {
    const line = await filled();
    const cli = (...args: string[]) => run(["--data", line.data, "--json", ...args]);
    for (let n = 0; n < 30; n++) await line.call("authenticator", "add", "hotp", "alice");
    const copies = Array.from({ length: 3 }, into);
    const [backups, others] = await Promise.all([
      inTurn(copies.map((to) => () => cli("backup", to))),
      inTurn(
        copies.flatMap((_, n) => [
          () => cli("keys", "rotate-data"),
          () => cli("user", "add", `user-${n}`),
          () => cli("keys", "rotate-data"),
        ]),
      ),
    ]);
    for (const { code, err } of [...backups, ...others]) expect([code, err]).toEqual([0, ""]);
    for (const [n, to] of copies.entries())
      expect(await verifyCopy(to, new FakeClock(), random)).toBe(JSON.parse(backups[n]?.out ?? "").secrets);
  });
});

async function inTurn<T>(works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const done: T[] = [];
  for (const work of works) done.push(await work());
  return done;
}

describe("a restore", () => {
  it("gives the server back, in a folder that is empty or not there", async () => {
    const line = await filled();
    const to = into();
    await line.call("backup", to);
    const { fingerprint } = await line.json("identity");
    await line.call("user", "add", "bob");
    const other = join(temporaryFolder(), "restored");
    const { code, err } = await line.call("--data", other, "restore", to);
    expect([code, err]).toEqual([0, expect.stringContaining("is forgotten")]);
    expect((await line.json("--data", other, "identity")).fingerprint).toBe(fingerprint);
    const names = (await line.json("--data", other, "user", "list")).map(
      ({ name }: { name: string }) => name,
    );
    expect(names).toEqual(["alice"]);
    expect(readdirSync(other).toSorted()).toEqual(["nightlatch.db", "server.key"]);
    for (const name of readdirSync(other)) expect(statSync(join(other, name)).mode & 0o077).toBe(0);
    // The backup itself stays as it was.
    expect((await line.json("--data", to, "user", "list")).length).toBe(1);
  });

  it("touches no server that is there", async () => {
    const line = await filled();
    const to = into();
    await line.call("backup", to);
    const before = readFileSync(join(line.data, "server.key"));
    const { code, err } = await line.call("restore", to);
    expect([code, err]).toEqual([1, expect.stringContaining("is not empty")]);
    expect(readFileSync(join(line.data, "server.key"))).toEqual(before);
  });

  it.each([
    ["there is no server.key in it", (to: string) => rmSync(join(to, "server.key"))],
    [
      "does not belong to this database",
      (to: string) => writeFileSync(join(to, "server.key"), "k".repeat(32)),
    ],
    [
      "database",
      (to: string) => {
        const path = join(to, "nightlatch.db");
        writeFileSync(path, readFileSync(path).subarray(0, 20_000));
      },
    ],
  ])("of what is no backup is refused (%s), and leaves no half of one", async (why, spoil) => {
    const line = await filled();
    const to = into();
    await line.call("backup", to);
    chmodSync(join(to, "server.key"), 0o600);
    spoil(to);
    const other = join(temporaryFolder(), "restored");
    const { code, err } = await line.call("--data", other, "restore", to);
    expect([code, err]).toEqual([1, expect.stringContaining(why)]);
    expect(existsSync(other) ? readdirSync(other) : []).toEqual([]);
  });

  it("that was cut off is no server, and can be done again", async () => {
    const line = await filled();
    const to = into();
    await line.call("backup", to);
    const other = join(temporaryFolder(), "restored");
    mkdirSync(join(other, ".restoring"), { recursive: true, mode: 0o700 });
    chmodSync(other, 0o700);
    writeFileSync(join(other, ".restoring", "nightlatch.db"), "half");
    expect((await line.call("--data", other, "user", "list")).err).toContain("there is no server");
    expect((await line.call("--data", other, "restore", to)).code).toBe(0);
    expect((await line.call("--data", other, "user", "list")).code).toBe(0);
  });

  it("that is killed wherever it moves something into place is done by doing it again", async () => {
    const line = await filled();
    const to = into();
    await line.call("backup", to);
    let kills = 0;
    for (let killed = true; killed; ) {
      const other = join(temporaryFolder(), "restored");
      mkdirSync(other, { mode: 0o700 });
      killed = killedAtRename(kills + 1, other, to);
      if (killed) {
        kills += 1;
        expect((await line.call("--data", other, "user", "list")).code).not.toBe(0);
        const { code, err } = await line.call("--data", other, "restore", to);
        expect([kills, code, err]).toEqual([kills, 0, expect.stringContaining("is forgotten")]);
      }
      expect(readdirSync(other).toSorted()).toEqual(["nightlatch.db", "server.key"]);
      expect((await line.json("--data", other, "user", "list")).length).toBe(1);
    }
    expect(kills).toBe(2);
  }, 120_000);
});

/** False when the command came to its end before its `at`-th renaming. */
function killedAtRename(at: number, data: string, from: string): boolean {
  const inject = ["-e", "trace=rename", "-e", `inject=rename:signal=KILL:when=${at}`];
  const node = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
  const main = fileURLToPath(new URL("../../server/main.ts", import.meta.url));
  const command = [node, "--disable-warning=ExperimentalWarning", main, "--data", data, "restore", from];
  const log = join(temporaryFolder(), "strace");
  const { signal, status } = spawnSync("strace", ["-f", "-qq", "-o", log, ...inject, ...command], {
    stdio: "ignore",
  });
  if (signal === null) expect(status).toBe(0);
  return signal === "SIGKILL";
}
