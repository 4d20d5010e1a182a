// What the help desk may do in the console, and what an open browser of theirs gives to whoever finds it.

import { beforeEach, describe, expect, it } from "vitest";
import { setRole } from "../../server/accounts/accounts.ts";
import { theUser } from "../../server/users/users.ts";
import { type Browser, codeOf, signedIn } from "./browser.ts";
import { type TestServer, testServer, totpAt, wrongCode } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";

let server: TestServer;
let laptop: TestMachine;
let alice: Uint8Array;

beforeEach(async () => {
  server = await testServer();
  alice = await server.userWithTotp("alice");
  laptop = await server.machine();
  await laptop.enrolledVerify("alice", [totpAt(alice, server.clock.nowMs)]);
});

const lock = async () => {
  await server.policy("lockout.failures=1");
  server.clock.pass(30_000);
  await laptop.verify("alice", [wrongCode(codeOf(server, alice))]);
};
const isLocked = async () => (await theUser(server.store.db, "alice")).lockedUntilMs !== null;
const make = (role: "help-desk" | "auditor" | "admin") =>
  server.store.write(async (tx) =>
    setRole(tx, { user: await theUser(tx, "alice"), role, evenTheLastAdmin: false }, server.clock.nowMs),
  );
const pathOf = async () => `/admin/users/${(await theUser(server.store.db, "alice")).id}`;
const unlock = async (browser: Browser) => {
  await browser.get(await pathOf());
  return browser.send(`${await pathOf()}/unlock`);
};
const answer = async (browser: Browser) => {
  const at = `/admin/machines/${laptop.id}`;
  await browser.get(at);
  return browser.send(`${at}/unlock-user`, { user: "alice", challenge: "12345678" });
};

describe("the help desk", () => {
  it("needs a recent code to end a lockout and to answer a challenge", async () => {
    await lock();
    const browser = await signedIn(server, "help-desk", "helen");
    server.clock.pass(5 * 60_000);
    for (const seen of [await unlock(browser), await answer(browser)])
      expect(seen.asks).toBe("/admin/confirm");
    expect(await isLocked()).toBe(true);
    const kinds = (await server.audit()).map(({ kind }) => kind);
    expect(kinds).not.toContain("help-desk-answered");
  });

  it.each(["help-desk", "auditor", "admin"] as const)("lets nobody in who has a role: %s", async (role) => {
    await lock();
    await make(role);
    const browser = await signedIn(server, "help-desk", "helen");
    expect((await browser.get(await pathOf())).text).not.toContain("End lockout");
    for (const seen of [await unlock(browser), await answer(browser)])
      expect([seen.status, seen.text.includes("alice has a role")]).toEqual([409, true]);
    expect(await isLocked()).toBe(true);
    const kinds = (await server.audit()).map(({ kind }) => kind);
    expect(kinds).not.toContain("help-desk-answered");
  });

  it("leaves those with a role to admins, who may", async () => {
    await lock();
    await make("auditor");
    const browser = await signedIn(server, "admin", "root");
    expect((await answer(browser)).text).toContain('class="answer"');
    expect((await unlock(browser)).status).toBe(303);
    expect(await isLocked()).toBe(false);
  });
});
