// A user is renamed while a machine that knows them by the old name is away: no code is good twice, under either name.

import { afterEach, beforeEach, expect, test } from "vitest";
import { fine, House, said, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build(["policy", "set", "lockout.failures=0", "totpWindow.past=2"]);
  alice = await house.user("alice");
  await house.join();
  expect(await tried("alice", alice.code())).toBe("granted online by totp");
  await house.clock.advance(60_000);
});

afterEach(() => house.tearDown());

const tried = async (user: string, code: string) => said(await house.agent.signIn(user, [code]));
const rename = (from = "alice", to = "alice.m") => house.admin("user", "rename", from, to);
const away = () => {
  house.line = storm("unreachable");
};
const back = async () => {
  house.line = fine;
  await house.agent.online.probe();
};
const names = async () => (await house.agent.actions.status()).enrolments.map(({ user }) => user);

test("the machine drops the old name at its next sync, and learns the new one at the next sign-in", async () => {
  await rename();
  await back();
  expect(await names()).toEqual(["alice"]);
  await house.agent.actions.sync();
  expect(await names()).toEqual([]);
  expect(await tried("alice", alice.code())).toBe("denied");
  expect(await tried("alice.m", alice.code())).toBe("granted online by totp");
  expect(await names()).toEqual(["alice.m"]);
  await house.clock.advance(30_000);
  away();
  expect(await tried("alice.m", alice.code())).toBe("granted offline by totp");
});

test.each(["before", "after"])(
  "a code used offline %s the rename is not good under the new name",
  async (when) => {
    if (when === "after") await rename();
    away();
    const code = alice.code();
    expect(await tried("alice", code)).toBe("granted offline by totp");
    if (when === "before") await rename();
    await back();
    expect(await tried("alice.m", code)).toBe("denied");
    await house.clock.advance(30_000);
    expect(await tried("alice.m", alice.code())).toBe("granted online by totp");
    away();
    for (const name of ["alice", "alice.m"]) expect(await tried(name, code)).not.toMatch(/granted/);
  },
);

test("nor one whose enrolment was ended before anybody had heard of it", async () => {
  away();
  const code = alice.code();
  expect(await tried("alice", code)).toBe("granted offline by totp");
  await house.admin("enrolment", "revoke", "alice", "--machine", "laptop");
  await rename();
  await back();
  expect(await names()).toEqual([]);
  expect(await tried("alice.m", code)).toBe("denied");
});

test("a code used online under the new name is not good offline under the old one, before any sync", async () => {
  await rename();
  const code = alice.code();
  expect(await tried("alice.m", code)).toBe("granted online by totp");
  away();
  for (const name of ["alice", "alice.m"]) expect(await tried(name, code)).not.toMatch(/granted/);
  expect(await names()).toEqual(["alice.m"]);
});

test("nor one that was used under the old name while the server was judging the new one", async () => {
  await rename();
  const { agent, clock } = house;
  const ahead = alice.code(30_000);
  // As an offline sign-in of another dialogue would have it.
  house.line = async (sent, pass) => {
    const reply = await pass(sent);
    const standing = agent.keeper.store().standing("alice");
    if (standing === undefined || !sent.path.endsWith("verify")) return reply;
    const lastStep = Math.floor(clock.wallMs() / 30_000) + 1;
    const spent = standing.spent.map((one) => (one.type === "totp" ? { ...one, lastStep } : one));
    agent.keeper.commit({ nowMs: clock.wallMs(), wallMs: clock.wallMs(), put: [{ ...standing, spent }] });
    return reply;
  };
  expect(await tried("alice.m", alice.code())).toBe("granted online by totp");
  away();
  await clock.advance(30_000);
  expect(await tried("alice.m", ahead)).toBe("denied");
});

test("two who swap names are known here by them after one sign-in each, and neither's code is the other's", async () => {
  const bob = await house.user("bob");
  expect(await tried("bob", bob.code())).toBe("granted online by totp");
  await house.clock.advance(60_000);
  away();
  const [hers, his] = [alice.code(), bob.code()];
  expect(await tried("alice", hers)).toBe("granted offline by totp");
  expect(await tried("bob", his)).toBe("granted offline by totp");
  await rename("alice", "between");
  await rename("bob", "alice");
  await rename("between", "bob");
  await back();
  // Bob is called alice now.
  expect(await tried("alice", hers)).toBe("denied");
  expect(await tried("alice", his)).toBe("denied");
  expect(await tried("bob", hers)).toBe("denied");
  await house.clock.advance(30_000);
  expect(await tried("alice", bob.code())).toBe("granted online by totp");
  expect(await tried("bob", alice.code())).toBe("granted online by totp");
  await house.agent.actions.sync();
  await house.agent.actions.sync();
  expect((await names()).toSorted()).toEqual(["alice", "bob"]);
  await house.clock.advance(30_000);
  away();
  expect(await tried("alice", alice.code())).toBe("denied");
  expect(await tried("alice", bob.code())).toBe("granted offline by totp");
  expect(await tried("bob", alice.code())).toBe("granted offline by totp");
  const audit = (await house.admin("audit", "--limit", "200")) as {
    kind: string;
    user: string;
    detail: object;
  }[];
  const offline = audit.filter(
    ({ kind, detail }) => kind === "sign-in-granted" && JSON.stringify(detail).includes('"offline":true'),
  );
  expect(offline.map(({ user, detail }) => [user, (detail as { formerName?: string }).formerName])).toEqual([
    ["bob", "alice"],
    ["alice", "bob"],
  ]);
});
