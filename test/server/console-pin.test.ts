// PINs in the console: how one stands, who may make a first one, and who may take it away.

import { describe, expect, it } from "vitest";
import { theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { Browser, codeOf, goodPassword, offeredSecret, person, setupLink, signIn } from "./browser.ts";
import { testServer, totpAt } from "./fixture.ts";
import { setPin, stateOfPin } from "./pins.ts";
import { queued } from "./mail/queued.ts";
import { addressFor, withMail } from "./portal-fixture.ts";

async function consoleOf(role: "admin" | "help-desk" | "auditor") {
  const server = await testServer();
  const secret = await server.userWithTotp("alice");
  const who = await person(server, "root", role);
  const browser = new Browser(server);
  await signIn(server, browser, who);
  await server.policy("pin.place=before", "pin.attempts=1");
  await setPin(server, "alice", "9946");
  const at = `/admin/users/${(await theUser(server.store.db, "alice")).id}`;
  return { server, browser, secret, at };
}

it("the help desk sees a locked PIN and resets it; the user is told, and sets another one", async () => {
  const { server, browser, secret, at } = await consoleOf("help-desk");
  await withMail(server);
  await addressFor(server, "alice", "alice@corp.example");
  const laptop = await server.machine();
  await laptop.verify("alice", [`1357${totpAt(secret, server.clock.nowMs)}`]);
  expect((await browser.get(at)).text).toContain("after 1 wrong in a row");
  expect((await browser.send(`${at}/pin/reset`)).to).toBe(`${at}?done=pin-reset`);
  expect((await browser.get(at)).text).toContain("None yet");
  expect(await stateOfPin(server, "alice")).toEqual({ state: "none", failures: 0 });
  // Two of one moment: in no order.
  expect((await queued(server)).some(({ text }) => text.includes("Your PIN was reset."))).toBe(true);
  expect((await server.audit()).find(({ kind }) => kind === "pin-reset")).toMatchObject({
    user: "alice",
    operator: "console: root",
  });
});

describe("an initial PIN", () => {
  it("is made by the rules that hold for its user, shown once, and kept and told nowhere in clear", async () => {
    const { server, browser, at } = await consoleOf("admin");
    await withMail(server);
    await addressFor(server, "alice", "alice@corp.example");
    await server.policy("pin.leastLength=7", "pin.complexity=strong");
    await browser.get(at);
    const { status, text } = await browser.send(`${at}/pin/initial`);
    const [, pin = ""] = /class="key">([A-Za-z2-9]+)</.exec(text) ?? [];
    expect([status, pin.length]).toEqual([200, 7]);
    for (const kind of [/[A-Z]/, /[a-z]/, /[2-9]/]) expect(pin).toMatch(kind);
    expect((await browser.get(at)).text).not.toContain(pin);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "must-change", failures: 0 });
    const set = (await server.audit()).filter(({ kind }) => kind === "pin-set");
    expect(set.at(-1)).toMatchObject({
      user: "alice",
      operator: "console: root",
      detail: { mustChange: true },
    });
    expect(JSON.stringify(await server.audit())).not.toContain(pin);
    const told = (await queued(server)).filter(({ recipient }) => recipient === "alice@corp.example");
    expect(told.length).toBeGreaterThan(0);
    expect(JSON.stringify(told)).not.toContain(pin);
    const { sealed } = await server.store.db.selectFrom("pins").select("sealed").executeTakeFirstOrThrow();
    expect(sealed).not.toContain(pin);
  });

  it("opens the portal alone, until it is changed there, and ends the sessions that were open", async () => {
    const { server, browser, at } = await consoleOf("admin");
    await server.policy("pin.attempts=5");
    const bob = await person(server, "bob", "none");
    const page = at.replace(/[^/]+$/, (await theUser(server.store.db, "bob")).id);
    await setPin(server, "bob", "8432");
    const laptop = await server.machine();
    const portal = new Browser(server);
    const enter = (pin: string) =>
      portal.post("/portal/sign-in", {
        name: "bob",
        password: bob.password,
        code: pin + totpAt(bob.secret, server.clock.nowMs),
      });
    expect((await enter("8432")).status).toBe(303);
    await browser.get(page);
    const { text } = await browser.send(`${page}/pin/initial`);
    const [, pin = ""] = /class="key">(\d+)</.exec(text) ?? [];
    expect((await portal.get("/portal")).to).toContain("/portal/sign-in");
    server.clock.pass(30_000);
    const code = () => totpAt(bob.secret, server.clock.nowMs);
    expect(await laptop.verify("bob", [pin + code()])).toMatchObject({ verdict: "pin-needed" });
    server.clock.pass(30_000);
    expect((await enter("8432")).status).toBe(401);
    server.clock.pass(30_000);
    expect((await enter(pin)).status).toBe(303);
    await portal.get("/portal/pin");
    const chosen = { old: pin, fresh: "5927", repeated: "5927" };
    expect((await portal.send("/portal/pin", chosen)).status).toBe(303);
    server.clock.pass(30_000);
    expect(await laptop.verify("bob", [`5927${code()}`])).toMatchObject({ verdict: "granted" });
  });

  it("takes an admin with a recent code, and is made for nobody by themselves", async () => {
    const { server, browser, at } = await consoleOf("admin");
    const own = at.replace(/[^/]+$/, (await theUser(server.store.db, "root")).id);
    expect((await browser.get(own)).text).not.toContain("initial PIN");
    expect((await browser.send(`${own}/pin/initial`)).status).toBe(409);
    expect(await stateOfPin(server, "root")).toMatchObject({ state: "none" });
    expect((await browser.send("/admin/users/0000000000000000/pin/initial")).status).toBe(404);
    server.clock.pass(6 * 60_000);
    expect((await browser.send(`${at}/pin/initial`)).asks).toBe("/admin/confirm");
    expect(await stateOfPin(server, "alice")).toMatchObject({ state: "set" });
  });

  it.each(["help-desk", "auditor"] as const)("is not made by the %s", async (role) => {
    const { server, browser, at } = await consoleOf(role);
    expect((await browser.get(at)).text).not.toContain("initial PIN");
    expect((await browser.send(`${at}/pin/initial`)).status).toBe(403);
    expect(await stateOfPin(server, "alice")).toMatchObject({ state: "set" });
  });
});

it("an auditor reads how it stands, and does nothing about it", async () => {
  const { server, browser, at } = await consoleOf("auditor");
  const { text } = await browser.get(at);
  expect([text.includes("<h2>PIN</h2>"), text.includes("Reset the PIN")]).toEqual([true, false]);
  expect((await browser.send(`${at}/pin/reset`)).status).toBe(403);
  expect(await stateOfPin(server, "alice")).toMatchObject({ state: "set" });
});

it("the help desk takes none away from who has a role", async () => {
  const { server, browser } = await consoleOf("help-desk");
  await person(server, "boss", "admin");
  await setPin(server, "boss", "9946");
  const boss = `/admin/users/${(await theUser(server.store.db, "boss")).id}`;
  expect((await browser.get(boss)).text).not.toContain("Reset the PIN");
  expect((await browser.send(`${boss}/pin/reset`)).status).toBeGreaterThanOrEqual(400);
  expect(await stateOfPin(server, "boss")).toMatchObject({ state: "set" });
});

describe("an admin who has no PIN of their own where policy asks for one", () => {
  async function adminWith(pin: string) {
    const server = await testServer();
    const who = await person(server, "root", "admin");
    await server.policy("pin.place=before");
    if (pin !== "") await setPin(server, "root", pin, true);
    const signInAt = (area: "/admin" | "/portal", typed: string, browser = new Browser(server)) => {
      server.clock.pass(minuteMs);
      const { name, password, secret } = who;
      const code = typed + totpAt(secret, server.clock.nowMs);
      return browser.post(`${area}/sign-in`, { name, password, code });
    };
    return { server, who, signInAt };
  }

  it.each(["", "771177"])(
    "is told where to set one, and let in afterwards (an initial one: %j)",
    async (initial) => {
      const { server, signInAt } = await adminWith(initial);
      const seen = await signInAt("/admin", initial);
      expect([seen.status, seen.text.includes("Set one in the portal, at /portal/pin")]).toEqual([403, true]);
      expect((await signInAt("/admin", `${initial}9`)).status).toBe(401);
      const browser = new Browser(server);
      expect((await signInAt("/portal", initial, browser)).status).toBe(303);
      await browser.get("/portal/pin");
      expect(
        (await browser.send("/portal/pin", { old: initial, fresh: "9946", repeated: "9946" })).status,
      ).toBe(303);
      expect((await signInAt("/admin", "9946")).to).toBe("/admin");
      const denied = (await server.audit()).filter(({ kind }) => kind === "web-sign-in-denied");
      expect(denied.map(({ detail }) => (detail as { reason?: string }).reason)).toEqual([
        "pin-needed",
        "wrong-code",
      ]);
    },
  );

  it("is not confirmed by a code in a session that was begun before policy asked", async () => {
    const { server, who, signInAt } = await adminWith("");
    const browser = new Browser(server);
    await server.policy("pin.place=none");
    expect((await signInAt("/admin", "", browser)).to).toBe("/admin");
    await server.policy("pin.place=before");
    server.clock.pass(6 * minuteMs);
    await browser.get("/admin/confirm?to=/admin/users/add");
    const code = totpAt(who.secret, server.clock.nowMs);
    const seen = await browser.send("/admin/confirm", { code, to: "/admin/users/add" });
    expect([seen.status, seen.text.includes("Set one in the portal, at /portal/pin")]).toEqual([403, true]);
    expect((await server.audit()).at(-1)).toMatchObject({
      kind: "web-confirmation-denied",
      detail: { reason: "pin-needed" },
    });
    const again = await browser.send("/admin/confirm", { code, to: "/admin/users/add" });
    expect([again.status, again.text.includes("This code is not right")]).toEqual([401, true]);
    const [backup = ""] = await server.addBackupCodes("root");
    expect((await browser.send("/admin/confirm", { code: backup, to: "/admin" })).to).toBe("/admin");
  });

  it("is let in by a backup code meanwhile, as on a machine", async () => {
    const { server, who } = await adminWith("");
    const [code = ""] = await server.addBackupCodes("root");
    const { name, password } = who;
    expect((await new Browser(server).post("/admin/sign-in", { name, password, code })).status).toBe(303);
  });

  it.each([false, true])("is not let in by a set-up link either (with a PIN already: %s)", async (has) => {
    const server = await testServer();
    const link = await setupLink(server, "root", "admin");
    await server.policy("pin.place=before");
    if (has) await setPin(server, "root", "9946");
    const browser = new Browser(server);
    const secret = offeredSecret((await browser.get(`/set-up?code=${link}`)).text);
    const password = goodPassword;
    const code = codeOf(server, secret);
    const seen = await browser.send("/set-up", { link, password, repeated: password, code });
    expect([seen.status, seen.text.includes("/portal/pin")]).toEqual([200, true]);
    expect((await browser.get("/admin")).to).toContain("/admin/sign-in");
  });
});
