// What lies between a request and a page: sessions, origins, form tokens, roles, sizes.

import { describe, expect, it } from "vitest";
import { makeApp } from "../../server/api/app.ts";
import { disableUser } from "../../server/users/leave.ts";
import { setRole } from "../../server/accounts/accounts.ts";
import { consoleAccess } from "../../server/console/access.ts";
import { portalAccess } from "../../server/portal/access.ts";
import { setUpAccess } from "../../server/web/set-up-pages.ts";
import type { Access } from "../../server/web/access.ts";
import { theUser } from "../../server/users/users.ts";
import { hourMs, minuteMs } from "../../words/clock.ts";
import { pino } from "pino";
import { Browser, codeOf, person, signedIn, signIn } from "./browser.ts";
import { random, testServer } from "./fixture.ts";

const cookieName = "__Host-nightlatch-console";

describe("a session", () => {
  it("has an id of 256 bits, of which the database holds only a hash", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    const id = browser.cookies.get(cookieName) ?? "";
    expect(Buffer.from(id, "base64url")).toHaveLength(32);
    const rows = JSON.stringify(await server.store.db.selectFrom("sessions").selectAll().execute());
    expect(rows).not.toContain(id);
    expect(rows).not.toContain(Buffer.from(id, "base64url").toString("hex"));
    expect(rows).not.toContain(Buffer.from(id, "base64url").toString("base64"));
  });

  it("that somebody put into the browser beforehand is not taken up", async () => {
    const server = await testServer();
    const alice = await person(server, "alice", "admin");
    const browser = new Browser(server);
    const planted = "A".repeat(43);
    browser.cookies.set(cookieName, planted);
    await signIn(server, browser, alice);
    expect(browser.cookies.get(cookieName)).not.toBe(planted);
    const other = new Browser(server);
    other.cookies.set(cookieName, planted);
    expect((await other.get("/admin")).status).toBe(303);
  });

  it("of the thief's own making is left at a sign-in, and another begins", async () => {
    const server = await testServer();
    const thief = await signedIn(server, "help-desk", "mallory");
    const planted = thief.cookies.get(cookieName) ?? "";
    const alice = await person(server, "alice", "admin");
    const browser = new Browser(server);
    browser.cookies.set(cookieName, planted);
    await signIn(server, browser, alice);
    expect(browser.cookies.get(cookieName)).not.toBe(planted);
    expect((await thief.get("/admin")).text).toContain("mallory");
  });

  it("goes on under another id once a code was given, and the old id is worth nothing", async () => {
    const server = await testServer();
    const alice = await person(server, "alice", "admin");
    const browser = new Browser(server);
    await signIn(server, browser, alice);
    await browser.get("/admin");
    const before = browser.cookies.get(cookieName) ?? "";
    server.clock.pass(30_000);
    expect((await browser.send("/admin/confirm", { code: codeOf(server, alice.secret) })).status).toBe(303);
    expect(browser.cookies.get(cookieName)).not.toBe(before);
    expect((await browser.get("/admin")).status).toBe(200);
    const old = new Browser(server);
    old.cookies.set(cookieName, before);
    expect((await old.get("/admin")).status).toBe(303);
  });

  it("ends after a quarter of an hour in which nothing was asked", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    server.clock.pass(15 * minuteMs - 1);
    expect((await browser.get("/admin")).status).toBe(200);
    server.clock.pass(15 * minuteMs);
    expect((await browser.get("/admin")).status).toBe(303);
  });

  it("ends after eight hours, however busy", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    const begun = server.clock.nowMs;
    for (; server.clock.nowMs + 10 * minuteMs < begun + 8 * hourMs; server.clock.pass(10 * minuteMs))
      expect((await browser.get("/admin")).status).toBe(200);
    server.clock.nowMs = begun + 8 * hourMs;
    expect((await browser.get("/admin")).status).toBe(303);
  });

  it("ends by signing out, at the server too; everywhere, if that is asked for", async () => {
    const server = await testServer();
    const alice = await person(server, "alice", "admin");
    const [one, two] = [new Browser(server), new Browser(server)];
    for (const browser of [one, two]) {
      await signIn(server, browser, alice);
      await browser.get("/admin");
      server.clock.pass(30_000);
    }
    const kept = new Map(one.cookies);
    await one.send("/admin/sign-out");
    expect(one.cookies.size).toBe(0);
    for (const [name, value] of kept) one.cookies.set(name, value);
    expect((await one.get("/admin")).status).toBe(303);
    expect((await two.get("/admin")).status).toBe(200);
    await signIn(server, one, alice);
    await one.get("/admin");
    await one.send("/admin/sign-out-everywhere");
    expect((await two.get("/admin")).status).toBe(303);
  });

  it("ends with the role, and with the user", async () => {
    const server = await testServer();
    await person(server, "root", "admin");
    const browser = await signedIn(server, "admin", "alice");
    const { store, clock, identity } = server;
    await store.write(async (tx) => {
      const user = await theUser(tx, "alice");
      await setRole(tx, { user, role: "auditor", evenTheLastAdmin: false }, clock.nowMs);
    });
    expect((await browser.get("/admin")).status).toBe(303);
    const other = await signedIn(server, "help-desk", "bob");
    await store.write(async (tx) =>
      disableUser(tx, identity.signing.privateKey, await theUser(tx, "bob"), clock.nowMs),
    );
    expect((await other.get("/admin")).status).toBe(303);
    const left = await store.db
      .selectFrom("sessions")
      .innerJoin("users", "users.id", "sessions.userId")
      .select("users.name")
      .execute();
    expect(left).toEqual([{ name: "root" }]);
  });
});

describe("a form", () => {
  it("without its token, or with another session's, changes nothing", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    const other = await signedIn(server, "admin", "other");
    for (const fields of [{}, { "form-token": "" }, { "form-token": other.token ?? "?" }]) {
      expect((await browser.post("/admin/sign-out", fields)).status).toBe(403);
      expect((await browser.get("/admin")).status).toBe(200);
    }
  });

  it.each([
    ["another site's origin", { origin: "https://evil.example" }],
    ["another site, by the browser's word", { "sec-fetch-site": "cross-site" }],
    ["a name beside ours", { "sec-fetch-site": "same-site" }],
    ["an address that was typed in", { "sec-fetch-site": "none" }],
    ["an origin that is hidden", { origin: "null", "sec-fetch-site": "" }],
    ["nowhere", { origin: "", "sec-fetch-site": "" }],
    ["plain http", { origin: "http://mfa.example" }],
  ])("from %s is refused, with the right token, too", async (_, headers) => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    const token = { "form-token": browser.token ?? "" };
    expect((await browser.post("/admin/sign-out", token, headers)).status).toBe(403);
    expect((await browser.post("/admin/sign-in", {}, headers)).status).toBe(403);
    expect((await browser.get("/admin")).status).toBe(200);
  });

  it("with a zero byte is refused, as is an address with one", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    expect((await browser.send("/admin/sign-out", { more: "a\u0000" })).status).toBe(400);
    expect((await browser.get("/admin/users/%00")).status).toBe(400);
    expect((await browser.get("/admin/users?search=a%00b")).status).toBe(400);
    expect((await browser.get("/admin")).status).toBe(200);
  });

  it("of another content type, or too large, is refused", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    const token = browser.token ?? "";
    for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/json", ""])
      expect(
        (await browser.post("/admin/sign-out", { "form-token": token }, { "content-type": type })).status,
      ).toBe(415);
    const large = await browser.post("/admin/sign-out", { "form-token": token, much: "x".repeat(70_000) });
    expect(large.status).toBe(413);
    expect((await browser.get("/admin")).status).toBe(200);
  });
});

describe("the routes", () => {
  const tables: Record<string, Access> = { ...consoleAccess, ...setUpAccess, ...portalAccess };

  it("are exactly those of the tables of access", async () => {
    const server = await testServer();
    const app = makeApp({ ...server, random, log: pino({ level: "silent" }), syncMinutes: 60 });
    const served = app.routes
      .filter(({ method, path }) => method !== "ALL" && !path.startsWith("/v1/"))
      .map(({ method, path }) => `${method} ${path}`);
    const outside = [
      "GET /",
      "GET /add",
      "GET /add/",
      "GET /assets/*",
      "GET /openapi.json",
      "GET /healthz",
      "GET /readyz",
    ];
    expect(new Set(served)).toEqual(new Set([...outside, ...Object.keys(tables)]));
  });

  it("let nobody in who has not signed in, but where it says anyone", async () => {
    const server = await testServer();
    for (const [route, { may }] of Object.entries(tables)) {
      const [method, pattern = ""] = route.split(" ");
      if (may === "anyone") continue;
      const path = pattern.replaceAll(/:[a-z]+/g, "x");
      const browser = new Browser(server);
      const seen = await (method === "GET" ? browser.get(path) : browser.post(path, {}));
      const door = `/${pattern.split("/")[1]}/sign-in`;
      expect([route, seen.status, seen.to?.startsWith(door)]).toEqual([route, 303, true]);
    }
  });

  it.each(["help-desk", "auditor"] as const)("let a role in only where it is named: %s", async (role) => {
    const server = await testServer();
    const browser = await signedIn(server, role);
    for (const [route, { may }] of Object.entries(tables)) {
      const [method, pattern = ""] = route.split(" ");
      if (typeof may === "string" || may.includes(role)) continue;
      const path = pattern.replaceAll(/:[a-z]+/g, "x");
      const seen = await (method === "GET" ? browser.get(path) : browser.send(path));
      expect([route, seen.status]).toEqual([route, 403]);
      await browser.get("/admin");
    }
  });

  it("that are not there say so", async () => {
    const browser = new Browser(await testServer());
    for (const path of ["/admin/nothing", "/admin/../server.key", "/admin/%2e%2e/x", "/set-up/more"])
      expect((await browser.get(path)).status).toBe(404);
  });
});

describe("an address", () => {
  it.each([
    ["/admin/", "/admin"],
    ["/portal/", "/portal"],
    ["/admin/users/?search=a", "/admin/users?search=a"],
    ["/admin//", "/admin"],
    // What is left is no path of the area.
    ["/admin//evil.example/", "/admin"],
    ["/portal/%0d%0ax:y/", "/portal"],
  ])("with a slash too many leads on: %s", async (typed, meant) => {
    const browser = new Browser(await testServer());
    const seen = await browser.get(typed);
    expect([seen.status, seen.to]).toEqual([303, meant]);
  });

  it("off a machine's screen, too", async () => {
    const seen = await new Browser(await testServer()).get("/add/");
    expect([seen.status, seen.to]).toEqual([303, "/portal/at-machine"]);
  });

  it("of any page may be typed with a slash at its end, by who is signed in or not", async () => {
    const server = await testServer();
    for (const browser of [new Browser(server), await signedIn(server, "admin")])
      for (const route of Object.keys({ ...consoleAccess, ...portalAccess, ...setUpAccess })) {
        if (!route.startsWith("GET ")) continue;
        const path = route.slice(4).replaceAll(/:[a-z]+/g, "x");
        for (const [typed, meant] of [
          [`${path}/`, path],
          [`${path}//?a=b%2F/`, `${path}?a=b%2F/`],
        ] as const) {
          const seen = await browser.get(typed);
          expect([typed, seen.status, seen.to]).toEqual([typed, 303, meant]);
        }
      }
  });

  it.each([
    "//evil.example/",
    "//evil.example/%2e%2e/",
    "/\\evil.example/",
    "/%2f%2fevil.example/",
    "/%5cevil.example/",
    "/.//evil.example/",
  ])("leads to no other host: %s", async (typed) => {
    const { status, to } = await new Browser(await testServer()).get(typed);
    expect(status === 404 || new URL(to ?? "", "https://mfa.example/x").host === "mfa.example").toBe(true);
    expect(to ?? "").not.toMatch(/^[/\\]{2}/);
  });

  it.each(["/admin/", "/portal/", "/set-up/"])(
    "of a million slashes is as little work as any: %s",
    async (base) => {
      // Read from each of them to the end of their row it would take many minutes.
      const slashes = "/".repeat(1_000_000);
      const browser = new Browser(await testServer());
      expect((await browser.get(`${base}${slashes}x/`)).status).toBe(303);
      expect((await browser.get(`${base}${slashes}`)).to).toBe(base.slice(0, -1));
    },
  );

  it("that is nowhere says so", async () => {
    const browser = new Browser(await testServer());
    expect((await browser.get("/admin/nowhere")).status).toBe(404);
  });
});

describe("every page", () => {
  it("has a policy under which nothing foreign runs, and is not kept by the browser", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    for (const path of ["/admin", "/admin/sign-in", "/admin/nothing", "/set-up?code=x"]) {
      const { headers } = await browser.get(path);
      expect(headers.get("content-security-policy")).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      );
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("same-origin");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    }
    const plain = await new Browser(server, "127.0.0.1", "http://localhost").get("/admin/sign-in");
    expect(plain.headers.has("strict-transport-security")).toBe(false);
  });

  it("finds its assets under names that change with their content, and nothing else lies there", async () => {
    const server = await testServer();
    const browser = new Browser(server);
    const { text } = await browser.get("/admin/sign-in");
    const paths = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? "");
    expect(new Set(paths).size).toBe(6);
    for (const path of paths) {
      const { status, headers } = await browser.get(path);
      expect([status, headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"]);
    }
    for (const path of ["/assets/base.css", "/assets/../server.key", "/assets/%2e%2e/server.key", "/assets/"])
      expect((await browser.get(path)).status).toBe(404);
  });
});
