// Names that are attacks, on every page; SQL, paths and fields too many in every form.

import { describe, expect, it } from "vitest";
import { consoleAccess } from "../../server/console/access.ts";
import { settingsPages } from "../../server/console/settings/pages.ts";
import { theMachineById } from "../../server/machines/machines.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { Browser, signedIn } from "./browser.ts";
import { type TestServer, testServer, totpAt } from "./fixture.ts";

const script = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`;
const user = `mallory${script}`;
const hostname = `host${script}{{7*7}}\${7*7}`;

/** A server on which everything that has a name has a bad one. */
async function hostileServer() {
  const server = await testServer();
  const secret = await server.userWithTotp(user);
  await server.store.db.updateTable("users").set({ displayName: script }).execute();
  const machine = await server.machine(hostname);
  await machine.enrolledVerify(user, [totpAt(secret, server.clock.nowMs)]);
  machine.event("sign-in-denied", { user: script, service: script, reason: script });
  await machine.sync();
  await server.store.db
    .updateTable("machines")
    .set({ platform: script, agentVersion: script, protector: script })
    .execute();
  await server.store.db
    .insertInto("userGroups")
    .values({
      userId: (await server.store.db.selectFrom("users").select("id").executeTakeFirstOrThrow()).id,
      groupName: script,
    })
    .execute();
  const browser = await signedIn(server, "admin", "root");
  return { server, machine, browser };
}

async function pagesOf(server: TestServer, machineId: string): Promise<string[]> {
  const revoked = await server.machine(script);
  await server.store.write(async (tx) =>
    revokeMachine(
      tx,
      server.identity.signing.privateKey,
      await theMachineById(tx, revoked.id),
      server.clock.nowMs,
    ),
  );
  const rows = await server.store.db.selectFrom("users").select("id").orderBy("createdAtMs").execute();
  return Object.keys(consoleAccess)
    .filter((route) => route.startsWith("GET ") && !/:page|policies\/remove/.test(route))
    .flatMap((route) => {
      const path = route.slice(4);
      if (path.startsWith("/admin/users/:id")) return rows.map(({ id }) => path.replace(":id", id));
      if (path === "/admin/enrolments/end")
        return rows.slice(0, 1).map(({ id }) => `${path}?one=${machineId}.${id}`);
      if (path === "/admin/machines/remove") return [`${path}?one=${revoked.id}`];
      if (path === "/admin/policies/edit") return [`${path}?name=default`];
      return [path.replace(":id", machineId)];
    })
    .concat(settingsPages.map(({ slug }) => `/admin/settings/${slug}`));
}

/** What a browser would run or load out of a page that was not put there by us. */
function foreign(text: string): string[] {
  const found = text.match(
    /<script(?![^>]* src="\/assets\/)[^>]*>|<img(?![^>]* src="\/assets\/)[^>]*>|\son\w+\s*=|javascript:|<style|\sstyle=/gi,
  );
  // What was escaped is text: only what stands inside a tag counts.
  return (found ?? []).filter((piece) => piece.startsWith("<") || new RegExp(`<[^>&]*${piece}`).test(text));
}

describe("hostile names", () => {
  it("are text on every page", async () => {
    const { server, machine, browser } = await hostileServer();
    const paths = await pagesOf(server, machine.id);
    expect(paths.length).toBeGreaterThan(15);
    let shown = 0;
    for (const path of paths) {
      const { status, text, headers } = await browser.get(path);
      expect([path, status]).toEqual([path, path.endsWith("/sign-in") ? 303 : 200]);
      if (path.endsWith(".csv")) {
        // A file, and no page, whatever is in it.
        expect(headers.get("content-disposition")).toMatch(/^attachment/);
        continue;
      }
      expect([path, text.includes("<script>alert"), foreign(text)]).toEqual([path, false, []]);
      if (text.includes("&lt;script&gt;alert(1)")) shown += 1;
    }
    expect(shown).toBeGreaterThan(6);
  });

  it("in what is asked for come back as text, or not at all", async () => {
    const { browser } = await hostileServer();
    const text = encodeURIComponent(script);
    for (const path of [
      `/admin/users?search=${text}&state=${text}&sort=${text}&page=${text}&group=${text}`,
      `/admin/machines?search=${text}&state=${text}&sort=${text}`,
      `/admin/enrolments?search=${text}&state=${text}&sort=${text}`,
      `/admin/audit?user=${text}&machine=${text}&kind=${text}&operator=${text}&from=${text}`,
      `/admin/policies/edit?name=${text}`,
      `/admin/policies/remove?name=${text}`,
      `/admin/confirm?to=${text}`,
      `/admin?done=${text}`,
      `/admin/${text}`,
    ]) {
      const seen = await browser.get(path);
      expect([path, seen.text.includes("<script>alert"), foreign(seen.text)]).toEqual([path, false, []]);
    }
    const stranger = new Browser((await hostileServer()).server);
    const seen = await stranger.post("/admin/sign-in", {
      name: script,
      password: script,
      code: script,
      to: script,
    });
    expect([seen.status, foreign(seen.text)]).toEqual([401, []]);
    expect((await stranger.get(`/set-up?code=${text}`)).text).not.toContain("<script>alert");
  });
});

const injections = [
  "'; drop table users; --",
  "' or '1'='1",
  "%' or 1=1 --",
  "\\'; --",
  "a\u0000b",
  "x".repeat(20_000),
];

describe("SQL", () => {
  it("in every field that a page reads is a text that nothing has", async () => {
    const { server, machine, browser } = await hostileServer();
    const before = await server.store.db.selectFrom("users").selectAll().orderBy("id").execute();
    for (const text of injections) {
      const coded = encodeURIComponent(text);
      for (const path of ["users", "machines", "enrolments", "audit"])
        for (const field of [
          "search",
          "group",
          "state",
          "sort",
          "page",
          "user",
          "machine",
          "kind",
          "operator",
          "before",
        ]) {
          const seen = await browser.get(`/admin/${path}?${field}=${coded}`);
          expect([path, field, seen.status]).toEqual([path, field, text.includes("\0") ? 400 : 200]);
        }
      for (const path of [`/admin/users/${coded}`, `/admin/machines/${coded}`])
        expect([404, 400]).toContain((await browser.get(path)).status);
    }
    expect(await server.store.db.selectFrom("users").selectAll().orderBy("id").execute()).toEqual(before);
    expect(machine.id).toBeDefined();
  });

  it("in every field of every form changes nothing that it was not asked to", async () => {
    const { server, machine, browser } = await hostileServer();
    const { id } = await server.store.db
      .selectFrom("users")
      .select("id")
      .where("name", "=", user)
      .executeTakeFirstOrThrow();
    const count = async () => ({
      users: (await server.store.db.selectFrom("users").select("id").execute()).length,
      accounts: await server.store.db
        .selectFrom("accounts")
        .select(["userId", "role"])
        .orderBy("userId")
        .execute(),
      machines: (
        await server.store.db.selectFrom("machines").select("id").where("revokedAtMs", "is", null).execute()
      ).length,
      authenticators: (await server.store.db.selectFrom("authenticators").select("id").execute()).length,
    });
    const before = await count();
    const fields = [
      "name",
      "displayName",
      "groups",
      "change",
      "group",
      "role",
      "type",
      "one",
      "exempt",
      "user",
      "challenge",
      "uses",
      "hours",
      "place",
      "address",
      "which",
    ];
    for (const text of injections.slice(0, 5))
      for (const [route, { may }] of Object.entries(consoleAccess)) {
        if (!route.startsWith("POST ") || may === "anyone" || may === "signed-in") continue;
        // Those that have no field do what they say, whatever is sent with them.
        if (
          /(remove|revoke|disable|enable|unlock|clear-flags|set-up-link|reset|invite-link|renew-seeds|retry-all|pin\/initial)$/.test(
            route,
          ) &&
          !/authenticators|addresses/.test(route)
        )
          continue;
        const path = route.slice(5).replace(":id", route.includes("machines") ? machine.id : id);
        await browser.get("/admin");
        const seen = await browser.send(path, Object.fromEntries(fields.map((field) => [field, text])));
        expect([route, seen.status >= 400 && seen.status < 500]).toEqual([route, true]);
      }
    expect(await count()).toEqual(before);
  });
});

describe("fields that a page does not have", () => {
  it.each([
    ["/admin/users/add", { name: "new", displayName: "", groups: "", role: "admin" }],
    ["/admin/users/add", { name: "new", displayName: "", groups: "", id: "0000000000000000" }],
    [
      "/admin/users/add",
      { name: "new", displayName: "", groups: "", __proto__x: "1", "constructor.prototype": "1" },
    ],
    ["/admin/join-tokens", { uses: "1", hours: "1", expiresAtMs: "99999999999999" }],
  ])("are refused: %s %j", async (path, fields) => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    await browser.get("/admin");
    const seen = await browser.send(path, fields as Record<string, string>);
    expect(seen.status).toBe(400);
    expect(await server.store.db.selectFrom("users").select("name").execute()).toEqual([{ name: "a-admin" }]);
    expect(await server.store.db.selectFrom("joinTokens").select("id").execute()).toEqual([]);
  });
});
