// A user gets a name that somebody else's enrolment has on a machine: what was used there offline is said all the same.

import { afterEach, beforeEach, expect, test } from "vitest";
import { fine, House, said, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;
let bob: Token;

beforeEach(async () => {
  house = await House.build(["policy", "set", "lockout.failures=0", "totpWindow.past=2"]);
  alice = await house.user("alice");
  bob = await house.user("bob");
  await house.join();
  expect(await tried("alice", alice.code())).toBe("granted online by totp");
  expect(await tried("bob", bob.code())).toBe("granted online by totp");
  await house.clock.advance(60_000);
});

afterEach(() => house.tearDown());

const tried = async (user: string, code: string) => said(await house.agent.signIn(user, [code]));
const rename = (from: string, to: string) => house.admin("user", "rename", from, to);

test("in the place of one who left", async () => {
  house.line = storm("unreachable");
  const code = bob.code();
  expect(await tried("bob", code)).toBe("granted offline by totp");
  await rename("alice", "alice.m");
  await rename("bob", "alice");
  house.line = fine;
  await house.agent.online.probe();
  expect(await tried("alice", code)).toBe("denied");
});

test("by a swap", async () => {
  house.line = storm("unreachable");
  const code = alice.code();
  expect(await tried("alice", code)).toBe("granted offline by totp");
  await rename("alice", "between");
  await rename("bob", "alice");
  await rename("between", "bob");
  house.line = fine;
  await house.agent.online.probe();
  expect(await tried("bob", code)).toBe("denied");
});

test("also where a revocation came in between", async () => {
  house.line = storm("unreachable");
  const code = bob.code();
  expect(await tried("bob", code)).toBe("granted offline by totp");
  await house.admin("enrolment", "revoke", "bob", "--machine", "laptop");
  await rename("alice", "alice.m");
  await rename("bob", "alice");
  house.line = fine;
  await house.agent.online.probe();
  expect(await tried("alice", code)).toBe("denied");
});

test("in the place of one who was removed", async () => {
  house.line = storm("unreachable");
  const code = bob.code();
  expect(await tried("bob", code)).toBe("granted offline by totp");
  await house.admin("user", "remove", "alice");
  await rename("bob", "alice");
  house.line = fine;
  expect(await tried("alice", code)).toBe("denied");
});

test("by three who have changed places", async () => {
  const carl = await house.user("carl");
  expect(await tried("carl", carl.code())).toBe("granted online by totp");
  await house.clock.advance(60_000);
  house.line = storm("unreachable");
  const used = [alice, bob, carl].map((token) => token.code());
  for (const [at, name] of ["alice", "bob", "carl"].entries())
    expect(await tried(name, used[at] ?? "")).toBe("granted offline by totp");
  for (const [from, to] of [
    ["alice", "between"],
    ["carl", "alice"],
    ["bob", "carl"],
    ["between", "bob"],
  ] as const)
    await rename(from, to);
  house.line = fine;
  await house.agent.online.probe();
  const now = [
    ["bob", alice],
    ["carl", bob],
    ["alice", carl],
  ] as const;
  for (const [at, [name]] of now.entries()) expect(await tried(name, used[at] ?? "")).toBe("denied");
  await house.clock.advance(30_000);
  for (const [name, token] of now) expect(await tried(name, token.code())).toBe("granted online by totp");
});
