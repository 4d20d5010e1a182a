// PINs in the console: how one stands, and who may take it away.

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
