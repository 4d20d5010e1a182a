// What a browser of an admin's that was left open gives to whoever finds it: nothing that gives power.

import { expect, it } from "vitest";
import { groupsOfUser, theUser } from "../../server/users/users.ts";
import { Browser, codeOf, person } from "./browser.ts";
import { testServer } from "./fixture.ts";

it("groups, by which policies and rights are given, and letting a user in again need a recent code", async () => {
  const server = await testServer();
  const { name, password, secret } = await person(server, "root", "admin");
  await server.userWithTotp("alice");
  const { id } = await theUser(server.store.db, "alice");
  const browser = new Browser(server);
  await browser.post("/admin/sign-in", { name, password, code: codeOf(server, secret) });
  await browser.get(`/admin/users/${id}`);
  await browser.send(`/admin/users/${id}/disable`);
  server.clock.pass(5 * 60_000);
  const group = await browser.send(`/admin/users/${id}/groups`, { change: "join", group: "without-mfa" });
  const again = await browser.send(`/admin/users/${id}/enable`);
  expect([group.asks, again.asks]).toEqual(Array(2).fill("/admin/confirm"));
  expect((await theUser(server.store.db, "alice")).disabledAtMs).not.toBeNull();
  expect(await groupsOfUser(server.store.db, id)).toEqual([]);
});
