// A commit that fails, before or after it reached the disk, is never a success, and never a second use of a code.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Rows } from "../../agent/state/rows.ts";
import { House, said, storm, type Token } from "../sync/house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build(["policy", "set", "lockout.failures=3"]);
  alice = await house.user("alice");
  await house.join();
  await house.agent.signIn("alice", [alice.code()]);
  await house.clock.advance(30_000);
  house.line = storm("unreachable");
  await house.agent.online.probe();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await house.tearDown();
});

const diskError = () => {
  throw new Error("disk I/O error");
};

describe("the disk fails", () => {
  test("before the write: no verdict, nothing spent, and the next sign-in is fine", async () => {
    const code = alice.code();
    vi.spyOn(Rows.prototype, "write").mockImplementationOnce(diskError);
    await expect(house.agent.signIn("alice", [code])).rejects.toMatchObject({ code: "COMMIT_FAILED" });
    expect(said(await house.agent.signIn("alice", [code]))).toBe("granted offline by totp");
  });

  test("after the write, in the sync: no verdict, and the code is spent", async () => {
    const code = alice.code();
    const write = Rows.prototype.write;
    vi.spyOn(Rows.prototype, "write").mockImplementationOnce(function (this: Rows, ...rows) {
      write.apply(this, rows);
      diskError();
    });
    await expect(house.agent.signIn("alice", [code])).rejects.toMatchObject({ code: "COMMIT_FAILED" });
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
  });

  test("at every wrong code: none gets a verdict, and none is a free guess once it works again", async () => {
    const write = Rows.prototype.write;
    vi.spyOn(Rows.prototype, "write").mockImplementation(function (this: Rows, ...rows) {
      write.apply(this, rows);
      diskError();
    });
    for (let i = 0; i < 3; i++)
      await expect(house.agent.signIn("alice", ["000000"])).rejects.toMatchObject({ code: "COMMIT_FAILED" });
    vi.restoreAllMocks();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("locked");
  });

  test("an online success that can't be written down is no success", async () => {
    house.line = (sent, pass) => pass(sent);
    await house.agent.online.probe();
    const code = alice.code();
    vi.spyOn(Rows.prototype, "write").mockImplementation(diskError);
    await expect(house.agent.signIn("alice", [code])).rejects.toMatchObject({ code: "COMMIT_FAILED" });
  });
});

describe("every verdict is written down", () => {
  test("a refusal raises the generation by one, as a grant does", async () => {
    const generation = () => house.agent.keeper.store().head.generation;
    for (const answer of ["000000", alice.code(), "000000"]) {
      const before = generation();
      await house.agent.signIn("alice", [answer]);
      expect(generation()).toBe(before + 1);
    }
  });

  test("nobody else can open the state while the agent has it", () => {
    expect(() => Rows.open(`${house.folder}/state/state.db`)).toThrow();
  });
});
