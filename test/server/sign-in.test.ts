// Signing in to the pages: who gets in, who does not, and what a stranger learns.

import { describe, expect, it } from "vitest";
import { minuteMs } from "../../words/clock.ts";
import { Browser, codeOf, person, signedIn, signIn } from "./browser.ts";
import { type TestServer, testServer, wrongCode } from "./fixture.ts";

async function anAdmin() {
  const server = await testServer();
  const alice = await person(server, "alice", "admin");
  return { server, alice };
}

async function attempts(server: TestServer) {
  return (await server.audit()).filter((entry) => entry.kind.startsWith("web-sign-in"));
}

describe("a sign-in", () => {
  it("needs name, password and code, and gives a cookie that only this host gets back", async () => {
    const { server, alice } = await anAdmin();
    const browser = new Browser(server);
    const seen = await signIn(server, browser, alice);
    expect([seen.status, seen.to]).toEqual([303, "/admin"]);
    const [cookie = ""] = seen.headers.getSetCookie();
    expect(cookie).toMatch(
      /^__Host-nightlatch-console=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect((await browser.get("/admin")).status).toBe(200);
  });

  it("over plain http has a cookie of another name", async () => {
    const { server, alice } = await anAdmin();
    const browser = new Browser(server, "127.0.0.1", "http://localhost:8443");
    await signIn(server, browser, alice);
    expect([...browser.cookies.keys()]).toEqual(["nightlatch-console"]);
    expect((await browser.get("/admin")).status).toBe(200);
  });

  it("is refused with the same page, whatever was wrong, and the audit alone knows what", async () => {
    const { server, alice } = await anAdmin();
    await server.userWithTotp("no-password");
    await person(server, "gone", "admin");
    await server.store.db.updateTable("users").set({ disabledAtMs: 1 }).where("name", "=", "gone").execute();
    const code = codeOf(server, alice.secret);
    const { password } = alice;
    const pages = new Set<string>();
    for (const fields of [
      { name: "alice", password: "not the right one", code },
      { name: "alice", password, code: wrongCode(code) },
      { name: "nobody", password, code },
      { name: "no-password", password, code },
      { name: "gone", password, code },
      { name: "\u202e", password: "", code: "" },
    ]) {
      const browser = new Browser(server);
      const seen = await browser.post("/admin/sign-in", fields);
      expect(seen.status).toBe(401);
      expect(browser.cookies.size).toBe(0);
      pages.add(seen.text.replace(/ value="[^"]*"/g, ""));
    }
    expect(pages.size).toBe(1);
    expect((await attempts(server)).map(({ user, detail }) => [user, detail["reason"]])).toEqual([
      ["alice", "wrong-password"],
      ["alice", "wrong-code"],
      [null, "unknown-user"],
      ["no-password", "no-password"],
      ["gone", "user-disabled"],
      [null, "unknown-user"],
    ]);
  });

  it("spends its code, for machines, too", async () => {
    const { server, alice } = await anAdmin();
    const laptop = await server.machine();
    const code = codeOf(server, alice.secret);
    expect((await signIn(server, new Browser(server), alice)).status).toBe(303);
    expect(await laptop.verify("alice", [code])).toMatchObject({ verdict: "denied" });
    expect((await signIn(server, new Browser(server), alice)).status).toBe(401);
  });

  it("with a code that a machine has used is refused", async () => {
    const { server, alice } = await anAdmin();
    const laptop = await server.machine();
    expect(await laptop.verify("alice", [codeOf(server, alice.secret)])).toMatchObject({
      verdict: "granted",
    });
    expect((await signIn(server, new Browser(server), alice)).status).toBe(401);
  });

  it("sixteen times at once with one code lets one in", async () => {
    const { server, alice } = await anAdmin();
    const seen = await Promise.all(
      Array.from({ length: 16 }, (_, at) => signIn(server, new Browser(server, `192.0.2.${at + 1}`), alice)),
    );
    expect(seen.filter(({ status }) => status === 303)).toHaveLength(1);
  });

  it("with a wrong password leaves the code good", async () => {
    const { server, alice } = await anAdmin();
    const code = codeOf(server, alice.secret);
    await new Browser(server).post("/admin/sign-in", { name: "alice", password: "a slip of the hand", code });
    expect((await signIn(server, new Browser(server), alice)).status).toBe(303);
  });

  it("takes a backup code once", async () => {
    const { server, alice } = await anAdmin();
    const [backup = ""] = await server.addBackupCodes("alice");
    const { name, password } = alice;
    const send = () => new Browser(server).post("/admin/sign-in", { name, password, code: backup });
    expect((await send()).status).toBe(303);
    expect((await send()).status).toBe(401);
  });

  it("to the console needs a role, and says so to who has proved everything", async () => {
    const server = await testServer();
    const bob = await person(server, "bob", "none");
    const browser = new Browser(server);
    const seen = await signIn(server, browser, bob);
    expect([seen.status, browser.cookies.size]).toEqual([403, 0]);
    expect(seen.text).toContain("Ask an admin for a role");
  });

  it("leads to the page that was asked for, and never away from here", async () => {
    const { server, alice } = await anAdmin();
    const first = await new Browser(server).get("/admin");
    expect(first.to).toBe("/admin/sign-in?to=%2Fadmin");
    for (const to of [
      "//evil.example",
      "https://evil.example",
      "/admin//evil",
      "/administer",
      "/\\evil",
      "/v1",
    ]) {
      const browser = new Browser(server);
      const { name, password, secret } = alice;
      const seen = await browser.post("/admin/sign-in", { name, password, code: codeOf(server, secret), to });
      expect([seen.status, seen.to]).toEqual([303, "/admin"]);
      server.clock.pass(30_000);
    }
  });
});

describe("guessing", () => {
  it("at a name has to wait longer and longer, also from elsewhere, also after a restart", async () => {
    const { server, alice } = await anAdmin();
    const guess = (address: string) =>
      new Browser(server, address).post("/admin/sign-in", {
        name: "alice",
        password: "guess",
        code: "000000",
      });
    for (let n = 1; n <= 5; n++) expect((await guess(`198.51.100.${n}`)).status).toBe(401);
    const blocked = await guess("203.0.113.7");
    expect(blocked.status).toBe(429);
    expect(blocked.text).toContain("Try again in a minute");
    // Not even the right answers are looked at.
    expect((await signIn(server, new Browser(server, "203.0.113.8"), alice)).status).toBe(429);
    server.clock.pass(minuteMs);
    expect((await guess("203.0.113.9")).status).toBe(401);
    server.clock.pass(minuteMs);
    expect((await signIn(server, new Browser(server), alice)).status).toBe(429);
    server.clock.pass(minuteMs);
    expect((await signIn(server, new Browser(server), alice)).status).toBe(303);
    expect((await guess("203.0.113.9")).status).toBe(401);
  });

  it("at names that nobody has is slowed down just so", async () => {
    const server = await testServer();
    const guess = () =>
      new Browser(server, "198.51.100.1").post("/admin/sign-in", {
        name: "nobody",
        password: "x",
        code: "1",
      });
    for (let n = 1; n <= 5; n++) expect((await guess()).status).toBe(401);
    expect((await guess()).status).toBe(429);
  });

  it("by the look-alike of a name counts for the name", async () => {
    const { server, alice } = await anAdmin();
    for (let n = 1; n <= 5; n++)
      await new Browser(server).post("/admin/sign-in", { name: "ALICE", password: "x", code: "1" });
    expect((await signIn(server, new Browser(server), alice)).status).toBe(429);
  });

  it("at many names from one address is stopped by the address, and others go on", async () => {
    const { server, alice } = await anAdmin();
    for (let n = 1; n <= 30; n++)
      await new Browser(server, "2001:db8:1:2::7").post("/admin/sign-in", {
        name: `user-${n}`,
        password: "x",
        code: "1",
      });
    expect((await signIn(server, new Browser(server, "2001:db8:1:2:ffff::1"), alice)).status).toBe(429);
    expect((await signIn(server, new Browser(server, "2001:db8:1:3::1"), alice)).status).toBe(303);
  });

  it("many at once gets no more than one after the other", async () => {
    const { server, alice } = await anAdmin();
    const { name, password, secret } = alice;
    const code = wrongCode(codeOf(server, secret));
    const seen = await Promise.all(
      Array.from({ length: 24 }, (_, at) =>
        new Browser(server, `192.0.2.${at}`).post("/admin/sign-in", { name, password, code }),
      ),
    );
    expect(seen.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(seen.filter(({ status }) => status === 429)).toHaveLength(19);
  });

  it("at the code in the middle of a session is counted with the rest", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    for (let n = 1; n <= 5; n++)
      expect((await browser.send("/admin/confirm", { code: "1" })).status).toBe(401);
    expect((await browser.send("/admin/confirm", { code: "1" })).status).toBe(429);
  });
});

describe("what a stranger types", () => {
  it("is neither kept nor shown, unless it is a user's name", async () => {
    const { server } = await anAdmin();
    const fields = { name: "my secret passphrase", password: "another secret", code: "third-secret" };
    await new Browser(server).post("/admin/sign-in", fields);
    const audit = JSON.stringify(await server.audit());
    const throttles = JSON.stringify(await server.store.db.selectFrom("throttles").selectAll().execute());
    for (const text of Object.values(fields)) expect(audit + throttles).not.toContain(text);
  });
});
