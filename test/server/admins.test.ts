// How the first admin comes to be, and how nobody locks everybody out.

import { describe, expect, it } from "vitest";
import { runCommand } from "../../server/cli/program.ts";
import { hourMs } from "../../words/clock.ts";
import { Browser, codeOf, goodPassword, offeredSecret, person, setupLink, signIn } from "./browser.ts";
import { commandLine, commandParts } from "./command-line.ts";
import { type TestServer, testServer, totpAt, wrongCode } from "./fixture.ts";

const linkIn = (out: string) => /\/set-up\?code=([A-Za-z0-9_-]{43})\n/.exec(out)?.[1] ?? "";

describe("admin create", () => {
  it("makes an admin without a password, and prints a link that is kept as a hash only", async () => {
    const { call, json } = commandLine();
    const { code, out } = await call("admin", "create", "alice");
    expect(code).toBe(0);
    expect(linkIn(out)).toHaveLength(43);
    expect(out).toContain("https://THIS-SERVER/set-up?code=");
    const listed = { name: "alice", role: "admin", hasPassword: false, disabled: false };
    expect(await json("admin", "list")).toEqual([listed]);
  });

  it("prints the whole link where the server's address is configured", async () => {
    const { json, environment } = commandLine();
    environment["NIGHTLATCH_WEB_ADDRESS"] = "https://mfa.corp.example";
    const { path, url, hours } = await json("admin", "create", "alice", "--hours", "2");
    expect([url, hours]).toEqual([`https://mfa.corp.example${path}`, 2]);
  });

  it("promotes a user who is there, and says in the audit who did it", async () => {
    const { call, json } = commandLine();
    await call("user", "add", "alice");
    await call("admin", "create", "alice", "--role", "auditor");
    expect(await json("admin", "list")).toMatchObject([{ name: "alice", role: "auditor" }]);
    const entries = await json("audit");
    expect(entries.map((entry: { kind: string; operator: string }) => [entry.kind, entry.operator])).toEqual([
      ["user-added", "command line: tester"],
      ["role-changed", "command line: tester"],
      ["setup-link-created", "command line: tester"],
    ]);
  });

  it("refuses what is no role and no name", async () => {
    const { call } = commandLine();
    expect((await call("admin", "create", "alice", "--role", "king")).code).toBe(2);
    expect((await call("admin", "create", "")).code).toBe(1);
    expect((await call("admin", "role", "nobody", "admin")).err).toContain('there is no user "nobody"');
  });
});

describe("a one-time link", () => {
  it("sets a password and a first authenticator, signs in, and is gone", async () => {
    const server = await testServer();
    const link = await setupLink(server, "alice", "admin");
    const browser = new Browser(server);
    const { text } = await browser.get(`/set-up?code=${link}`);
    expect((await browser.get(`/set-up?code=${link}`)).text).toBe(text);
    const secret = offeredSecret(text);
    const code = codeOf(server, secret);
    const fields = { link, password: goodPassword, repeated: goodPassword, code };
    const seen = await browser.send("/set-up", fields);
    expect([seen.status, seen.to]).toEqual([303, "/admin"]);
    expect((await browser.get("/admin")).status).toBe(200);
    expect((await browser.get(`/set-up?code=${link}`)).status).toBe(404);
    expect((await browser.send("/set-up", fields)).status).toBe(404);
    // Its code is spent along with it.
    const again = { name: "alice", password: goodPassword, secret };
    expect((await signIn(server, new Browser(server), again)).status).toBe(401);
    server.clock.pass(30_000);
    expect((await signIn(server, new Browser(server), again)).status).toBe(303);
  });

  it("of a user who has an authenticator needs a code of that one", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const link = await setupLink(server, "alice", "admin");
    const browser = new Browser(server);
    const { text } = await browser.get(`/set-up?code=${link}`);
    expect(text).not.toContain('class="key"');
    const fields = { link, password: goodPassword, repeated: goodPassword };
    const right = totpAt(secret, server.clock.nowMs);
    expect((await browser.send("/set-up", { ...fields, code: wrongCode(right) })).status).toBe(400);
    expect((await browser.send("/set-up", { ...fields, code: right })).status).toBe(303);
    expect(await server.store.db.selectFrom("authenticators").select("id").execute()).toHaveLength(1);
  });

  it.each([
    ["too short", "Tr0ub4dor&3", "Tr0ub4dor&3", "at least 12 characters"],
    ["one thing again and again", "ababababababab", "ababababababab", "repeats itself"],
    ["the name", "alicealice1", "alicealice1", "at least 12"],
    ["made around the name", "alicealicealice1", "alicealicealice1", "name"],
    ["not repeated", goodPassword, `${goodPassword}!`, "not the same"],
  ])("takes no password that is %s", async (_, password, repeated, why) => {
    const server = await testServer();
    const link = await setupLink(server, "alice", "admin");
    const browser = new Browser(server);
    const secret = offeredSecret((await browser.get(`/set-up?code=${link}`)).text);
    const seen = await browser.send("/set-up", { link, password, repeated, code: codeOf(server, secret) });
    expect(seen.status).toBe(400);
    expect(seen.text).toContain(why);
    expect(seen.text).not.toContain(password);
    expect(await server.store.db.selectFrom("accounts").select("sealedPassword").execute()).toEqual([
      { sealedPassword: null },
    ]);
  });

  it("runs out, and a new one ends the one before", async () => {
    const server = await testServer();
    const first = await setupLink(server, "alice", "admin");
    const second = await setupLink(server, "alice", "admin");
    const browser = new Browser(server);
    expect((await browser.get(`/set-up?code=${first}`)).status).toBe(404);
    expect((await browser.get(`/set-up?code=${second}`)).status).toBe(200);
    server.clock.pass(24 * hourMs);
    expect((await browser.get(`/set-up?code=${second}`)).status).toBe(404);
    for (const code of ["", "x", "%0A", "x".repeat(5_000)])
      expect((await browser.get(`/set-up?code=${code}`)).status).toBe(404);
  });

  it("used twice at once counts once", async () => {
    const server = await testServer();
    const link = await setupLink(server, "alice", "admin");
    const secret = offeredSecret((await new Browser(server).get(`/set-up?code=${link}`)).text);
    const fields = { link, password: goodPassword, repeated: goodPassword, code: codeOf(server, secret) };
    const seen = await Promise.all([1, 2, 3].map(() => new Browser(server).post("/set-up", fields)));
    expect(seen.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(await server.store.db.selectFrom("authenticators").select("id").execute()).toHaveLength(1);
  });

  it("and a password lie in the database as a hash and sealed", async () => {
    const server = await testServer();
    const link = await setupLink(server, "bob", "admin");
    const alice = await person(server, "alice", "admin");
    const { db } = server.store;
    const rows = [await db.selectFrom("accounts").selectAll().execute(), await setupRows(server)];
    const text = JSON.stringify(rows);
    for (const hidden of [alice.password, link, Buffer.from(link, "base64url").toString("base64")])
      expect(text).not.toContain(hidden);
    expect(text).not.toContain("argon2");
  });
});

function setupRows(server: TestServer) {
  return server.store.db.selectFrom("setupLinks").selectAll().execute();
}

describe("admin reset", () => {
  it("takes the password away, ends all sessions, and keeps the authenticators unless told", async () => {
    const { call, json } = commandLine();
    const linked = await call("admin", "create", "alice");
    expect(linked.code).toBe(0);
    await call("authenticator", "add", "totp", "alice");
    expect((await call("admin", "reset", "alice")).code).toBe(0);
    expect(await json("authenticator", "list", "alice")).toHaveLength(1);
    expect(linkIn((await call("admin", "reset", "alice", "--authenticators")).out)).toHaveLength(43);
    expect(await json("authenticator", "list", "alice")).toEqual([]);
  });

  it("lets nobody sign in with what was", async () => {
    const server = await testServer();
    const alice = await person(server, "alice", "admin");
    const browser = new Browser(server);
    await signIn(server, browser, alice);
    expect(await runCommand(["admin", "reset", "alice"], commandParts(server))).toBe(0);
    expect((await browser.get("/admin")).status).toBe(303);
    server.clock.pass(30_000);
    expect((await signIn(server, new Browser(server), alice)).status).toBe(401);
  });
});

describe("the last admin", () => {
  it("keeps the role, stays enabled and is not removed, unless that is said", async () => {
    const server = await testServer();
    await person(server, "alice", "admin");
    await setupLink(server, "not-yet", "admin");
    const call = (...args: string[]) => runCommand(args, commandParts(server));
    for (const args of [
      ["admin", "role", "alice", "none"],
      ["admin", "create", "alice", "--role", "auditor"],
      ["user", "disable", "alice"],
      ["user", "remove", "alice"],
    ])
      expect([args, await call(...args)]).toEqual([args, 1]);
    await person(server, "bob", "admin");
    expect(await call("user", "disable", "alice")).toBe(0);
    expect(await call("admin", "role", "bob", "none")).toBe(1);
    expect(await call("admin", "role", "bob", "none", "--even-the-last-admin")).toBe(0);
  });
});

describe("admin unlock", () => {
  it("ends the wait of a user who was guessed at", async () => {
    const server = await testServer();
    const alice = await person(server, "alice", "admin");
    for (let n = 0; n < 5; n++)
      await new Browser(server).post("/admin/sign-in", { name: "alice", password: "x", code: "1" });
    expect((await signIn(server, new Browser(server), alice)).status).toBe(429);
    expect(await runCommand(["admin", "unlock", "alice"], commandParts(server))).toBe(0);
    expect((await signIn(server, new Browser(server), alice)).status).toBe(303);
  });
});
