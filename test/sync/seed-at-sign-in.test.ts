// The user's seed on a machine, on the screen of a sign-in: offered, shown once, proved, and good offline from then on.

import { afterEach, beforeEach, expect, test } from "vitest";
import { fine, House, said, storm, Token } from "./house.ts";

let house: House;
let alice: Token;
const terminal = { at: { service: "sudo", tty: "/dev/pts/1" }, kind: "elevate", lang: "C.UTF-8" } as const;

beforeEach(async () => {
  house = await House.build(["policy", "set", "seeds=per-machine"]);
  alice = await house.user("alice");
  await house.join();
});

afterEach(() => house.tearDown());

const numberIn = (shown: readonly string[]) => /type (\d\d) to see/.exec(shown.join("\n"))?.[1] ?? "none";
const keyIn = (shown: readonly string[]) =>
  /: ((?:[A-Z2-7]{4} ?){8})$/m.exec(shown.join("\n"))?.[1]?.replaceAll(" ", "") ?? "";
const codeOf = (shown: readonly string[]) => new Token(house.clock, keyIn(shown)).code();

async function unplugged(): Promise<void> {
  await house.clock.advance(30_000);
  house.line = storm("unreachable");
  await house.agent.online.probe();
}

async function plugged(): Promise<void> {
  house.line = fine;
  await house.agent.online.probe();
}

test("after an online sign-in at a terminal it is drawn, proved by a code, and signs in offline", async () => {
  let key = "";
  const outcome = await house.agent.signIn(
    "alice",
    [
      alice.code(),
      numberIn,
      (shown) => {
        key = keyIn(shown);
        return codeOf(shown);
      },
    ],
    terminal,
  );
  expect(said(outcome)).toBe("granted online by totp");
  expect(outcome.shown.filter((line) => /^[█▀▄ ]{20,}$/.test(line)).length).toBeGreaterThan(15);
  expect(outcome.shown.at(-1)).toMatch(/its codes work on this machine/);
  await unplugged();
  const here = new Token(house.clock, key);
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("denied");
  expect(said(await house.agent.signIn("alice", [here.code()]))).toBe("granted offline by totp");
});

test("the code that proved it is spent, online and offline", async () => {
  let code = "";
  const prove = (shown: readonly string[]) => {
    code = codeOf(shown);
    return code;
  };
  await house.agent.signIn("alice", [alice.code(), numberIn, prove], terminal);
  expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
  house.line = storm("unreachable");
  await house.agent.online.probe();
  expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
});

test("once proved it is not offered again, and the command calls it shown", async () => {
  await house.agent.signIn("alice", [alice.code(), numberIn, codeOf], terminal);
  await house.clock.advance(30_000);
  const next = await house.agent.signIn("alice", [alice.code()], terminal);
  expect([said(next), next.asked.length]).toEqual(["granted online by totp", 1]);
  const command = ["authenticator", "machine-seed", "alice", "--machine", "laptop"];
  await expect(house.admin(...command)).rejects.toThrow("was shown before");
});

test("what was shown and not proved is worth nothing: the next time another one is shown", async () => {
  const keys: string[] = [];
  const see = (shown: readonly string[]) => {
    keys.push(keyIn(shown));
    return "";
  };
  for (let time = 0; time < 2; time++) {
    const outcome = await house.agent.signIn("alice", [alice.code(), numberIn, see], terminal);
    expect(said(outcome)).toBe("granted online by totp");
    expect(outcome.shown.at(-1)).toMatch(/worth nothing/);
    await house.clock.advance(30_000);
  }
  expect(keys[0]).toMatch(/^[A-Z2-7]{32}$/);
  expect(keys[0]).not.toBe(keys[1]);
  await unplugged();
  for (const key of keys)
    expect(said(await house.agent.signIn("alice", [new Token(house.clock, key).code()]))).toBe("denied");
  await plugged();
  for (const key of keys)
    expect(said(await house.agent.signIn("alice", [new Token(house.clock, key).code()]))).toBe("denied");
});

test("three wrong codes end it, and the sign-in stays granted", async () => {
  const wrong = (shown: readonly string[]) =>
    codeOf(shown).replace(/.$/, (last) => String((Number(last) + 5) % 10));
  const outcome = await house.agent.signIn("alice", [alice.code(), numberIn, wrong, wrong, wrong], terminal);
  expect(said(outcome)).toBe("granted online by totp");
  expect(outcome.shown.at(-1)).toMatch(/was not added/);
  expect(outcome.asked.length).toBe(5);
});

test("where messages don't arrive, nothing is shown: the number can't be typed", async () => {
  for (const typed of ["", "10 or so", "y"]) {
    const outcome = await house.agent.signIn("alice", [alice.code(), typed], terminal);
    expect(said(outcome)).toBe("granted online by totp");
    expect(outcome.shown.length).toBe(1);
    await house.clock.advance(30_000);
  }
  expect(house.heard.filter(({ path }) => path === "/v1/provide")).toEqual([]);
});

test.each([
  ["a greeter", { ...terminal, at: { service: "gdm-password", tty: "/dev/tty2" } }],
  ["a screen locker of the user's own", { ...terminal, uid: 1000 }],
  ["a relay that names no terminal", { ...terminal, at: { service: "sudo" } }],
])("it is not offered at %s", async (_where, place) => {
  const outcome = await house.agent.signIn("alice", [alice.code()], place);
  expect([said(outcome), outcome.asked.length, outcome.shown]).toEqual(["granted online by totp", 1, []]);
});

test("it is not offered where policy has no seeds per machine, nor after a code of the seed itself", async () => {
  await house.admin("policy", "set", "seeds=shared");
  const shared = await house.agent.signIn("alice", [alice.code()], terminal);
  expect(shared.asked.length).toBe(1);
});

test("under enrol=ask it is offered to those who said yes", async () => {
  await house.admin("policy", "set", "enrol=ask");
  const no = await house.agent.signIn("alice", [alice.code(), "n"], terminal);
  expect(no.asked.length).toBe(2);
  await house.clock.advance(30_000);
  const yes = await house.agent.signIn("alice", [alice.code(), "y", numberIn, codeOf], terminal);
  expect(yes.shown.at(-1)).toMatch(/its codes work on this machine/);
  await unplugged();
  expect(said(await house.agent.signIn("alice", [""]))).toBe("denied");
});

test("a server that is lost on the way changes nothing about the sign-in", async () => {
  const lose = (shown: readonly string[]) => {
    house.line = storm("unreachable");
    return numberIn(shown);
  };
  const outcome = await house.agent.signIn("alice", [alice.code(), lose], terminal);
  expect(said(outcome)).toBe("granted online by totp");
  expect(outcome.shown.at(-1)).toMatch(/can't be shown now/);
});
