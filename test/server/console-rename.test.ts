// A user is renamed on the user's page of the console, and by command.

import { expect, it } from "vitest";
import { theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { person, signedIn, signIn, Browser } from "./browser.ts";
import { commandLine } from "./command-line.ts";
import { testServer, totpAt } from "./fixture.ts";

async function site() {
  const server = await testServer();
  const browser = await signedIn(server, "admin", "root");
  const secret = await server.userWithTotp("alice");
  const laptop = await server.machine();
  await laptop.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
  const at = `/admin/users/${(await theUser(server.store.db, "alice")).id}`;
  return { server, browser, laptop, at };
}

it("says before what it means, and after where the old name is still held", async () => {
  const { server, browser, laptop, at } = await site();
  expect((await browser.get(at)).text).toContain("1 machine drops the name of today at the next sync");
  await browser.send(`${at}/rename`, { newName: "alice.m" });
  const seen = await browser.get(`${at}?done=user-renamed`);
  expect(seen.text).toContain("Machines drop the old name at their next sync");
  expect(seen.text).toContain("until the machine has synced: laptop (alice).");
  expect(seen.text).toContain("No machine holds the name of today");
  const told = (await server.audit()).filter(({ kind }) => kind === "user-renamed");
  expect(told).toMatchObject([
    { user: "alice", operator: "console: root" },
    { user: "alice.m", operator: "console: root" },
  ]);
  const { revocations } = await laptop.sync();
  laptop.revokedThrough = Math.max(...revocations.map((one) => laptop.openRevocation(one).serial));
  laptop.enrolments = [];
  await laptop.sync();
  expect((await browser.get(at)).text).not.toContain("until the machine has synced");
  for (const name of ["alice", "alice.m"])
    expect((await browser.get(`/admin/audit?user=${name}`)).text).toContain("user-renamed");
});

it("is refused with the reason on the page, and what was typed", async () => {
  const { server, browser, at } = await site();
  await browser.get(at);
  const seen = await browser.send(`${at}/rename`, { newName: "ROOT" });
  expect(seen.status).toBe(409);
  expect(seen.text).toContain("looks like the existing user");
  expect(seen.text).toContain('value="ROOT"');
  expect((await theUser(server.store.db, "alice")).name).toBe("alice");
});

it("ends the very session of an admin who is renamed, and the new name signs in", async () => {
  const server = await testServer();
  const root = await person(server, "root", "admin");
  const browser = new Browser(server);
  await signIn(server, browser, root, "/admin");
  const at = `/admin/users/${(await theUser(server.store.db, "root")).id}`;
  server.clock.pass(minuteMs);
  await browser.open(at);
  await browser.send(`${at}/rename`, { newName: "boss" });
  expect(await browser.get(at)).toMatchObject({ status: 303 });
  server.clock.pass(minuteMs);
  const again = new Browser(server);
  expect((await signIn(server, again, root, "/admin")).status).not.toBe(303);
  expect((await signIn(server, again, { ...root, name: "boss" }, "/admin")).status).toBe(303);
});

it("by command tells what it means, in words and as JSON", async () => {
  const { call, json } = commandLine();
  await call("user", "add", "alice");
  await call("user", "add", "bob");
  expect(await call("user", "rename", "alice", "alice.m")).toMatchObject({
    code: 0,
    out: "renamed alice to alice.m; no machine holds the old name; sessions of the pages have ended\n",
  });
  expect(await json("user", "rename", "alice.m", "alice")).toEqual({
    user: "alice",
    from: "alice.m",
    done: "rename",
    machines: 0,
    linksWithdrawn: 0,
    directoryDecides: false,
  });
  const refused = await call("user", "rename", "alice", "BOB");
  expect([refused.code, refused.out]).toEqual([1, ""]);
  expect(refused.err).toContain('"BOB" looks like the existing user "bob"');
  expect(await json("audit", "--user", "alice.m", "--kind", "user-renamed")).toHaveLength(2);
});
