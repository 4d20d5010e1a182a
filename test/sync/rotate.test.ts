// New keys for a machine that keeps its name and its state: nothing of a user's is lost or won by it, the old keys are worth
// nothing afterwards, and whatever is lost on the way leaves one whole state.

import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Rows } from "../../agent/state/rows.ts";
import { fine, House, said, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;
const folder = () => join(house.folder, "state");
const copy = () => join(house.folder, "copy");
const keys = () => house.agent.keeper.store().keys;
const rotate = () => house.agent.actions.rotateKeys("same");
const machines = async () =>
  (await house.admin("machine", "list")) as { id: string; flags: string[]; revokedAt: string | null }[];

beforeEach(async () => {
  house = await House.build(["policy", "set", "helpDesk=on"]);
  alice = await house.user("alice");
  await house.join();
  await house.agent.signIn("alice", [alice.code()]);
  await house.clock.advance(30_000);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await house.tearDown();
});

async function offline(): Promise<void> {
  house.line = storm("unreachable");
  await house.agent.online.probe();
}

function keepCopy(): void {
  house.agent.stop();
  cpSync(folder(), copy(), { recursive: true, preserveTimestamps: true });
  house.startAgent();
}

function putBack(): void {
  house.agent.stop();
  rmSync(folder(), { recursive: true });
  cpSync(copy(), folder(), { recursive: true, preserveTimestamps: true });
  house.startAgent();
}

describe("new keys", () => {
  test("are others, for the same machine with the same enrolments and leases", async () => {
    const before = { keys: keys(), status: await house.agent.actions.status() };
    const report = await rotate();
    expect(report).toMatchObject({
      machine: before.status.machine,
      protector: { name: "file" },
      heard: true,
    });
    const after = await house.agent.actions.status();
    expect(after.machine).toBe(before.status.machine);
    expect(after.enrolments.map((one) => ({ ...one, lastSyncedAtMs: 0 }))).toEqual(
      before.status.enrolments.map((one) => ({ ...one, lastSyncedAtMs: 0 })),
    );
    for (const part of ["record", "index", "digest"] as const)
      expect(keys()[part]).not.toEqual(before.keys[part]);
    expect(keys().identity.signing).not.toEqual(before.keys.identity.signing);
    expect(keys().identity.box).not.toEqual(before.keys.identity.box);
    expect(readdirSync(folder()).sort()).toEqual([
      "machine.key",
      "recovery.json",
      "state.db",
      "state.db-wal",
    ]);
  });

  test("hold online, offline, after a restart, and for the help desk's recovery note", async () => {
    await rotate();
    house.startAgent();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    await house.clock.advance(30_000);
    await offline();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    await house.clock.advance(30_000);
    house.agent.stop();
    rmSync(join(folder(), "state.db"));
    house.startAgent();
    house.line = fine;
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  });

  test("give no spent code, failure, sign-in or event back", async () => {
    await offline();
    const code = alice.code();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("granted offline by totp");
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    const before = house.agent.keeper.store().standing("alice");
    house.line = fine;
    await rotate();
    const after = house.agent.keeper.store().standing("alice");
    expect([after?.signInsUsed, after?.failures, after?.spent, after?.leaseId]).toEqual([
      before?.signInsUsed,
      before?.failures,
      before?.spent,
      before?.leaseId,
    ]);
    await offline();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
    house.line = fine;
    await house.agent.actions.sync();
    const audit = (await house.admin("audit", "--limit", "1000")) as { kind: string; source: string }[];
    const told = audit.map(({ kind }) => kind);
    expect(told.filter((kind) => kind === "sign-in-granted")).toHaveLength(2);
    expect(told).toContain("machine-keys-rotated");
    expect(told).toContain("keys-rotated");
    expect((await machines())[0]?.flags).toEqual([]);
  });

  test("can be had again and again", async () => {
    for (let time = 0; time < 4; time++) await rotate();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  });

  test("a user who was disabled meanwhile is not in the new state, and does not come back", async () => {
    await house.admin("user", "disable", "alice");
    await rotate();
    expect((await house.agent.actions.status()).enrolments).toEqual([]);
    await offline();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
  });

  test("are not to be had without the server, and nothing changes", async () => {
    await offline();
    const before = keys();
    await expect(rotate()).rejects.toThrow("nothing was changed");
    expect(keys()).toBe(before);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  });
});

describe("the old keys", () => {
  test("erase themselves with the copy that has them, as soon as the server is in reach", async () => {
    keepCopy();
    await rotate();
    putBack();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect((await house.agent.actions.status()).state).toBe("revoked");
    expect((await machines())[0]).toMatchObject({ flags: ["state-restored"], revokedAt: null });
  });

  test("open nothing that the machine has now, and recover nothing", async () => {
    keepCopy();
    await rotate();
    const old = join(copy(), "machine.key");
    house.agent.stop();
    cpSync(old, join(folder(), "machine.key"));
    house.startAgent();
    expect(house.agent.keeper.condition().state).toBe("damaged");
    cpSync(join(copy(), "recovery.json"), join(folder(), "recovery.json"));
    house.startAgent();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect(await machines()).toHaveLength(1);
  });

  test("of several turns are all told so", async () => {
    keepCopy();
    for (let time = 0; time < 3; time++) await rotate();
    putBack();
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).state).toBe("revoked");
  });
});

describe("what is lost on the way", () => {
  test("the request: nothing has changed", async () => {
    house.line = (sent, pass) =>
      sent.path === "/v1/rotate"
        ? Promise.resolve({ status: 502, headers: {}, body: new Uint8Array() })
        : pass(sent);
    await expect(rotate()).rejects.toThrow("nothing was changed");
    house.line = fine;
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  });

  test("the answer: the old keys go on, sync, and can be replaced later", async () => {
    house.line = async (sent, pass) => {
      const reply = await pass(sent);
      return sent.path === "/v1/rotate" ? { status: 502, headers: {}, body: new Uint8Array() } : reply;
    };
    await expect(rotate()).rejects.toThrow("nothing was changed");
    house.line = fine;
    house.startAgent();
    await house.agent.actions.sync();
    await offline();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    house.line = fine;
    expect(await rotate()).toMatchObject({ heard: true });
  });

  test("the first word under the new keys: the server hears them later, and the old ones hold until then", async () => {
    keepCopy();
    house.line = async (sent, pass) =>
      sent.path === "/v1/sync" ? { status: 502, headers: {}, body: new Uint8Array() } : await pass(sent);
    expect(await rotate()).toMatchObject({ heard: false });
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    house.line = fine;
    await house.agent.online.probe();
    putBack();
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).state).toBe("revoked");
  });

  test.each([1, 2, 3, 4])("the disk fails at commit %i: one whole state, and a sign-in", async (at) => {
    const write = Rows.prototype.write;
    let commits = 0;
    vi.spyOn(Rows.prototype, "write").mockImplementation(function (this: Rows, ...rows) {
      commits += 1;
      if (commits >= at) throw new Error("disk I/O error");
      write.apply(this, rows);
    });
    await rotate().catch(() => undefined);
    vi.restoreAllMocks();
    house.startAgent();
    expect(house.agent.keeper.condition().state).toBe("healthy");
    expect(existsSync(join(folder(), "next"))).toBe(false);
    expect(existsSync(join(folder(), "switching.json"))).toBe(false);
    await offline();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    house.line = fine;
    await house.agent.actions.sync();
    expect((await machines())[0]?.flags).toEqual([]);
  });
});

test("an enrolment that can't be read bars its user before and after: no rotation", async () => {
  const { DatabaseSync } = await import("node:sqlite");
  house.agent.stop();
  const rows = new DatabaseSync(join(folder(), "state.db"));
  rows.exec("UPDATE record SET sealed = CAST(sealed || x'00' AS BLOB) WHERE tbl = 'standing'");
  rows.close();
  house.startAgent();
  await expect(rotate()).rejects.toThrow("can't be read");
});
