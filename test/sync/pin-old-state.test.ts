// A stolen disk has what was committed before in SQLite's log and free pages, too. After a PIN was taken away and set anew that
// would be a second mask of the same seed, and both PINs for a table of guesses.

import { copyFileSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileProtector } from "../../agent/platform/file-protector.ts";
import { heldBundle } from "../../agent/state/held.ts";
import { StateKeeper } from "../../agent/state/keeper.ts";
import { Rows } from "../../agent/state/rows.ts";
import { systemRandom } from "../../platform/random.ts";
import { changedPin } from "../../server/pins/new-pin.ts";
import { keepPin, pinOf } from "../../server/pins/pins.ts";
import { theUser } from "../../server/users/users.ts";
import { setPin } from "../server/pins.ts";
import { type House, said, type Token } from "./house.ts";
import { houseWithPin } from "./pin-house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  ({ house, alice } = await houseWithPin());
});

afterEach(() => {
  vi.restoreAllMocks();
  return house.tearDown();
});

/** Frames of the log are pages with a header of 24 bytes, behind one of 32. */
const frameBytes = 4_096 + 24;

/** What there is of alice in every state that the log leads to, when it is cut short: seeds as they lie there, and PIN locks. */
function everHeld(): { readonly seeds: Set<string>; readonly locks: Set<string> } {
  const state = join(house.folder, "state");
  const log = readFileSync(join(state, "state.db-wal"));
  const seeds = new Set<string>();
  const locks = new Set<string>();
  const lengths = [0];
  for (let length = 32; length <= log.length; length += frameBytes) lengths.push(length);
  for (const length of lengths) {
    const copy = mkdtempSync(join(tmpdir(), "nightlatch-thief-"));
    try {
      for (const name of ["state.db", "machine.key"]) copyFileSync(join(state, name), join(copy, name));
      writeFileSync(join(copy, "state.db-wal"), log.subarray(0, length), { mode: 0o600 });
      const keeper = new StateKeeper(copy, (at) => fileProtector(join(at, "machine.key")), systemRandom);
      try {
        const standing = keeper.store().standing("alice");
        const open = standing && heldBundle(keeper.store(), standing);
        for (const one of open?.authenticators ?? []) if (one.type === "totp") seeds.add(one.secret);
        if (open?.pin) locks.add(open.pin.difference);
      } catch {
        // Cut in the middle of a commit, or nothing yet.
      } finally {
        keeper.close();
      }
    } finally {
      rmSync(copy, { recursive: true });
    }
  }
  return { seeds, locks };
}

/** Pieces of what the machine holds of alice, as they lie there. */
function pieces(): Buffer[] {
  const copy = mkdtempSync(join(tmpdir(), "nightlatch-thief-"));
  try {
    for (const name of ["state.db", "state.db-wal"])
      copyFileSync(join(house.folder, "state", name), join(copy, name));
    const database = new DatabaseSync(join(copy, "state.db"));
    const sealed = database.prepare("SELECT sealed FROM record WHERE tbl = 'bundle'").get()?.[
      "sealed"
    ] as Uint8Array;
    database.close();
    const starts = Array.from({ length: Math.floor(sealed.length / 64) }, (_, at) => at * 64);
    return starts.map((at) => Buffer.from(sealed.subarray(at, at + 32)));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** How many of them are somewhere in the files. */
function found(some: readonly Buffer[]): number {
  const files = ["state.db", "state.db-wal"].map((name) => readFileSync(join(house.folder, "state", name)));
  return some.filter((piece) => files.some((file) => file.includes(piece))).length;
}

test("a PIN that was set over another one", async () => {
  expect(everHeld().seeds.size).toBe(1);
  const old = pieces();
  expect(found(old)).toBeGreaterThan(old.length / 2);
  await setPin({ ...house.server, clock: house.clock }, "alice", "35791");
  await house.agent.actions.sync();
  expect(everHeld().seeds.size).toBe(1);
  expect(found(old)).toBe(0);
});

test("a PIN that was set over another one, when the agent was killed before it had emptied the log", async () => {
  const [state, left] = ["state", "left"].map((name) => join(house.folder, name)) as [string, string];
  const write = Rows.prototype.write;
  vi.spyOn(Rows.prototype, "write").mockImplementation(function (this: Rows, put, remove, forget) {
    write.call(this, put, remove, false);
    if (!forget) return;
    cpSync(state, left, { recursive: true });
    throw new Error("killed");
  });
  await setPin({ ...house.server, clock: house.clock }, "alice", "35791");
  await expect(house.agent.actions.sync()).rejects.toMatchObject({ code: "COMMIT_FAILED" });
  vi.restoreAllMocks();
  house.agent.stop();
  rmSync(state, { recursive: true });
  renameSync(left, state);
  expect(everHeld().seeds.size).toBe(2);
  house.startAgent().keeper.store();
  expect(everHeld().seeds.size).toBe(1);
});

test("a PIN that was taken away, and set anew after a sync", async () => {
  const old = pieces();
  await house.admin("user", "pin", "reset", "alice");
  await house.agent.actions.sync();
  expect([everHeld().seeds.size, found(old)]).toEqual([0, 0]);
  await setPin({ ...house.server, clock: house.clock }, "alice", "35791");
  expect(said(await house.agent.signIn("alice", [`35791${alice.code()}`]))).toBe("granted online by totp");
  expect(everHeld().seeds.size).toBe(1);
});

test("a seed that lay there in the clear before policy asked for a PIN", async () => {
  await house.admin("policy", "set", "pin.place=none");
  await house.agent.actions.sync();
  await house.admin("policy", "set", "pin.place=before");
  await house.agent.actions.sync();
  expect(everHeld().seeds.size).toBe(1);
});

test("a PIN that its user has changed: nothing tells how the two differ", async () => {
  const { store, vault } = house.server;
  const user = await theUser(store.db, "alice");
  const present = await pinOf(store.db, vault, user.id);
  const changed = present && (await changedPin(present, "9946", "35791"));
  if (changed === undefined) throw new Error("not changed");
  await store.write((tx) => keepPin(tx, vault, user, changed, false, house.clock.wallMs()));
  await house.agent.actions.sync();
  expect(everHeld().locks.size).toBe(1);
});

test("a seed that is the user's everywhere, once each machine has one of its own", async () => {
  await house.admin("policy", "set", "pin.place=none");
  await house.agent.actions.sync();
  await house.admin("policy", "set", "seeds=per-machine");
  await house.agent.actions.sync();
  const { seeds } = everHeld();
  expect(seeds.has(Buffer.from(alice.bytes).toString("base64"))).toBe(false);
  expect(seeds.size).toBe(1);
});

test("a sign-in that brings a lease and nothing else leaves the log as it is", async () => {
  const before = readFileSync(join(house.folder, "state", "state.db-wal")).length;
  expect(said(await house.agent.signIn("alice", [`9946${alice.code()}`]))).toBe("granted online by totp");
  expect(readFileSync(join(house.folder, "state", "state.db-wal")).length).toBeGreaterThan(before);
});
