// Every route of the portal, asked in one user's session about another user: nothing of theirs is told, and nothing changes.

import { expect, it } from "vitest";
import type { Tables } from "../../server/store/tables.ts";
import { theUser } from "../../server/users/users.ts";
import { codeOf, person } from "./browser.ts";
import { testServer, type TestServer } from "./fixture.ts";
import { addressFor, withMail } from "./portal-fixture.ts";
import { openRoutes } from "./stated-routes.ts";
import { signInBy, wireTo } from "./wire.ts";

async function stage() {
  const server = await testServer();
  await server.policy("seeds=per-machine");
  const [alice, bob] = [await person(server, "alice", "none"), await person(server, "bob", "none")];
  await withMail(server);
  await addressFor(server, "bob", "bob-only@corp.example");
  const machine = await server.machine("of-bob-alone");
  await machine.enrolledVerify("bob", [codeOf(server, bob.secret)]);
  server.clock.pass(30_000);
  await server.addBackupCodes("bob");
  await server.addHotp("bob");
  const wire = await wireTo(server);
  return { server, wire, alice, bob, machine };
}

const portal = (routes: readonly string[]) => routes.filter((route) => / \/(portal|set-up)/.test(route));

/** All rows that have this user's id, or name. */
async function rowsOf(
  { store }: TestServer,
  userId: string,
  name: string,
): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  for (const { name: table } of await store.db.introspection.getTables()) {
    const rows = await store.db
      .selectFrom(table as keyof Tables)
      .selectAll()
      .execute();
    all[table] = rows.filter((row) => Object.values(row).some((value) => value === userId || value === name));
  }
  return all;
}

it("what anybody may ask there is stated here", async () => {
  const { wire } = await stage();
  const here = portal(wire.routes);
  for (const route of openRoutes) expect(here).toContain(route);
  for (const route of here) {
    if (openRoutes.includes(route)) continue;
    const [method = "", path = ""] = route.split(" ");
    const seen = await wire.send(method, path.replace(":id", "x"), {}, method === "POST" ? "" : undefined);
    expect([route, seen.status, seen.to?.startsWith("/portal/sign-in")]).toEqual([route, 303, true]);
  }
});

it.each(["authenticator", "machine", "user"])("is asked with another's %s for its id", async (what) => {
  const { server, wire, alice, machine } = await stage();
  const by = await signInBy(wire, server, alice, "portal");
  const { id: userId } = await server.store.write((tx) => theUser(tx, "bob"));
  const keys = await server.store.db
    .selectFrom("authenticators")
    .select("id")
    .where("userId", "=", userId)
    .orderBy("id")
    .execute();
  const ids = { authenticator: keys.map(({ id }) => id), machine: [machine.id], user: [userId] }[what] ?? [];
  const before = await rowsOf(server, userId, "bob");
  expect(Object.values(before).flat().length).toBeGreaterThan(6);
  let asked = 0;
  for (const route of portal(wire.routes)) {
    const [method = "", pattern = ""] = route.split(" ");
    // Anybody may try those, and the audit says for whom; signing out ends the session that asks.
    if (openRoutes.includes(route) || pattern.includes("sign-out")) continue;
    for (const id of ids) {
      const named = { id, one: id, authenticator: id, machine: machine.id, user: "bob", userId, name: "bob" };
      const secret = { password: "another one of mine", repeated: "another one of mine", place: "mail-1" };
      const path = pattern.replace(":id", id);
      // The form's own fields and the attacker's; and in the address.
      for (const at of [path, `${path}?${new URLSearchParams(named)}`]) {
        const body = new URLSearchParams({ "form-token": by.token, ...named, ...secret, code: "000000" });
        const headers = { cookie: by.cookie };
        const seen = await wire.send(method, at, headers, method === "POST" ? body.toString() : undefined);
        expect([route, seen.status < 500]).toEqual([route, true]);
        for (const theirs of ["bob-only@", "of-bob-alone"])
          expect([route, seen.text.includes(theirs)]).toEqual([route, false]);
        asked += 1;
      }
    }
  }
  expect(asked).toBeGreaterThan(30);
  expect(await rowsOf(server, userId, "bob")).toEqual(before);
});
