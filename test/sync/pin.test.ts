// A PIN with each code, from the first prompt to a stolen state: online, offline, and after changes of policy and PIN.

import { afterEach, beforeEach, expect, test } from "vitest";
import { asTyped } from "../../agent/factors/masked.ts";
import { Hashing } from "../../agent/factors/hashing.ts";
import { prepareAnswers } from "../../agent/factors/prepare.ts";
import { setPin } from "../server/pins.ts";
import { fine, type House, said, storm, type Token } from "./house.ts";
import { houseWithPin } from "./pin-house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  ({ house, alice } = await houseWithPin());
});

afterEach(() => house.tearDown());

async function unplugged(): Promise<void> {
  house.line = storm("unreachable");
  await house.agent.online.probe();
}

async function plugged(): Promise<void> {
  house.line = fine;
  await house.agent.online.probe();
}

function open() {
  const { enrolled } = house.agent.ledger.situation("alice");
  if (typeof enrolled === "string") throw new Error(enrolled);
  return enrolled.open;
}

function events(): { kind: string; reason?: string }[] {
  const lines = house.agent.keeper.store().eventLines(10_000);
  return lines.map((line) => JSON.parse(line));
}

test("the question says where the PIN stands, to whoever is asked", async () => {
  const one = "PIN and code as one, the PIN first. One-time code: ";
  for (const name of ["alice", "nobody"])
    expect((await house.agent.signIn(name, ["9946000000"])).asked).toEqual([one]);
  await house.admin("policy", "set", "pin.place=after");
  await house.agent.actions.sync();
  const other = "Code und PIN in einem, zuerst der Code. Einmalcode: ";
  const asked = await house.agent.signIn("nobody", ["000000"], { lang: "de_DE.UTF-8" });
  expect(asked.asked).toEqual([other]);
});

test("offline PIN and code are right together, once", async () => {
  await unplugged();
  const typed = `9946 ${alice.code()}`;
  expect(said(await house.agent.signIn("alice", [typed]))).toBe("granted offline by totp");
  expect(said(await house.agent.signIn("alice", [typed]))).toBe("denied");
  await house.clock.advance(30_000);
  for (const wrong of [alice.code(), `9947${alice.code()}`, `${alice.code()}9946`, "9946", ""])
    expect([wrong, said(await house.agent.signIn("alice", [wrong]))]).toEqual([wrong, "denied"]);
  expect(said(await house.agent.signIn("alice", [`9946${alice.code()}`]))).toBe("granted offline by totp");
});

test("a wrong PIN and a wrong code offline leave the very same traces", async () => {
  await unplugged();
  const traces: unknown[] = [];
  const right = alice.code();
  for (const typed of [`9947${right}`, `9946${right === "000000" ? "000001" : "000000"}`]) {
    await house.agent.signIn("alice", [typed]);
    const { enrolled } = house.agent.ledger.situation("alice");
    if (typeof enrolled === "string") throw new Error(enrolled);
    const { failures: _, guesses: __, ...rest } = enrolled.standing;
    traces.push(rest);
  }
  expect(traces[0]).toEqual(traces[1]);
  const denied = events().filter(({ kind }) => kind === "sign-in-denied");
  expect(denied.map(({ reason }) => reason)).toEqual(["wrong-code", "wrong-code"]);
});

test("nor does a code that was used before tell the right PIN from a wrong one", async () => {
  await unplugged();
  const used = alice.code();
  expect(said(await house.agent.signIn("alice", [`9946${used}`]))).toBe("granted offline by totp");
  for (const pin of ["9947", "9946"])
    expect(said(await house.agent.signIn("alice", [pin + used]))).toBe("denied");
  const denied = events().filter(({ kind }) => kind === "sign-in-denied");
  expect(new Set(denied.map(({ reason }) => reason)).size).toBe(1);
});

test("a code used offline with the PIN is spent online, and the other way round", async () => {
  await unplugged();
  const first = `9946${alice.code()}`;
  expect(said(await house.agent.signIn("alice", [first]))).toBe("granted offline by totp");
  await plugged();
  expect(said(await house.agent.signIn("alice", [first]))).toBe("denied");
  await house.clock.advance(30_000);
  const second = `9946${alice.code()}`;
  expect(said(await house.agent.signIn("alice", [second]))).toBe("granted online by totp");
  await unplugged();
  expect(said(await house.agent.signIn("alice", [second]))).toBe("denied");
});

test("a changed PIN holds here from the next sync on; until then the old one does", async () => {
  const { server } = house;
  await setPin({ ...server, clock: house.clock }, "alice", "aZ90b");
  await unplugged();
  expect(said(await house.agent.signIn("alice", [`9946${alice.code()}`]))).toBe("granted offline by totp");
  await plugged();
  await house.agent.actions.sync();
  await house.clock.advance(30_000);
  await unplugged();
  expect(said(await house.agent.signIn("alice", [`9946${alice.code()}`]))).toBe("denied");
  expect(said(await house.agent.signIn("alice", [`aZ90b${alice.code()}`]))).toBe("granted offline by totp");
});

test("who has no PIN yet is told after a right code where to set one, and is not enrolled", async () => {
  const bob = await house.user("bob");
  const wrong = await house.agent.signIn("bob", ["000000"]);
  expect([said(wrong), wrong.shown]).toEqual(["denied", []]);
  const right = await house.agent.signIn("bob", [bob.code()]);
  expect(said(right)).toBe("denied");
  expect(right.shown).toEqual([
    "That was right, but you have no PIN of your own yet. Set one at https://server.test/portal/pin and come back.",
  ]);
  await unplugged();
  expect(said(await house.agent.signIn("bob", [bob.code()]))).toBe("unavailable");
});

test("a wrong PIN with a right code online asks for a sync, which brings that the code is spent", async () => {
  const asked = house.agent.syncsAsked;
  const code = alice.code();
  expect(said(await house.agent.signIn("alice", [`9947${code}`]))).toBe("denied");
  expect(house.agent.syncsAsked).toBe(asked + 1);
  await house.agent.actions.sync();
  await unplugged();
  expect(said(await house.agent.signIn("alice", [`9946${code}`]))).toBe("denied");
});

test("explain says where the PIN stands", async () => {
  const { online, offline } = await house.agent.actions.explain("alice" as never, "logon");
  for (const { because } of [online, offline])
    expect(because).toContain("with the PIN before each code of an app or token");
});

test("an answer made ready for another bundle is wrong, not judged by what it says", async () => {
  const answers = await prepareAnswers([`9946${alice.code()}`], open(), undefined, new Hashing());
  await setPin({ ...house.server, clock: house.clock }, "alice", "9946");
  await house.agent.actions.sync();
  const [answer] = answers;
  const [authenticator] = open().authenticators;
  if (answer === undefined || authenticator === undefined) throw new Error("nothing to judge");
  expect(asTyped(authenticator, answer, open().pin)).toBeUndefined();
});

test("what lies on the machine has neither the seed nor anything of the PIN in it", () => {
  const everything = JSON.stringify([house.agent.ledger.situation("alice"), events()]);
  expect(everything).not.toContain(Buffer.from(alice.bytes).toString("base64"));
  expect(Object.keys(open().pin ?? {}).sort()).toEqual(["cost", "difference", "salt"]);
});
