// One's own password, changed in the portal or the console: who may, what ends with it, and what it does not give.

import { beforeEach, describe, expect, it } from "vitest";
import { minuteMs } from "../../words/clock.ts";
import { Browser, codeOf, type Person, person, signIn } from "./browser.ts";
import { type TestServer, testServer } from "./fixture.ts";
import { queued } from "./mail/queued.ts";
import { addressFor, withMail } from "./portal-fixture.ts";

const fresh = "seven quiet lanterns";
const areas = [
  ["portal", "/portal", "/portal/account", "/portal/authenticators/add"],
  ["console", "/admin", "/admin/account", "/admin/join-tokens"],
] as const;

let server: TestServer;
let root: Person;

beforeEach(async () => {
  server = await testServer();
  root = await person(server, "root", "admin");
});

describe.each(areas)("in the %s", (_, base, page, needsCode) => {
  const enter = async (who = root) => {
    const browser = new Browser(server);
    expect((await signIn(server, browser, who, base)).status).toBe(303);
    server.clock.pass(30_000);
    await browser.get(page);
    return browser;
  };
  const change = (browser: Browser, old: string, repeated = fresh, typed = fresh) =>
    browser.send(`${page}/password`, { old, fresh: typed, repeated });
  const isAsked = async (browser: Browser) => {
    if (base === "/portal") return (await browser.get(needsCode)).to?.includes("/confirm") === true;
    await browser.get(needsCode);
    const seen = await browser.send(needsCode, { uses: "1", hours: "1", tags: "" });
    return seen.asks !== null;
  };

  it("it changes with the present one, ends every other session and stays signed in", async () => {
    const [own, other] = [await enter(), await enter()];
    expect((await change(own, root.password)).to).toBe(`${page}?done=password`);
    expect((await own.get(page)).status).toBe(200);
    expect((await other.get(page)).status).toBe(303);
    expect((await signIn(server, new Browser(server), root, base)).status).toBe(401);
    server.clock.pass(minuteMs);
    await enter({ ...root, password: fresh });
    const last = (await server.audit()).filter(({ kind }) => kind === "password-set").at(-1);
    expect(last).toMatchObject({
      user: "root",
      operator: `${base === "/admin" ? "console" : "portal"}: root`,
    });
  });

  it("it is told by mail", async () => {
    await withMail(server);
    await addressFor(server, "root", "root@corp.example");
    await change(await enter(), root.password);
    expect(await queued(server)).toMatchObject([{ kind: "account-change", recipient: "root@corp.example" }]);
  });

  it("the change gives no recent code and no longer session than there was", async () => {
    const browser = await enter();
    server.clock.pass(4 * minuteMs);
    await browser.get(page);
    expect((await change(browser, root.password)).status).toBe(303);
    expect(await isAsked(browser)).toBe(false);
    server.clock.pass(minuteMs);
    expect(await isAsked(browser)).toBe(true);
    const rows = await server.store.db.selectFrom("sessions").select(["begunAtMs", "lastSeenAtMs"]).execute();
    expect(rows.every(({ begunAtMs, lastSeenAtMs }) => lastSeenAtMs - begunAtMs > 4 * minuteMs)).toBe(true);
  });

  it("a wrong one, a weak one and one that differs change nothing; guesses are counted", async () => {
    const browser = await enter();
    expect((await change(browser, root.password, "something else")).status).toBe(400);
    expect((await change(browser, root.password, "short", "short")).status).toBe(400);
    const seen: number[] = [];
    for (let at = 0; at < 6; at++) seen.push((await change(browser, "not the right one")).status);
    expect(seen).toEqual([400, 400, 400, 400, 400, 429]);
    expect((await change(browser, root.password)).status).toBe(429);
    server.clock.pass(61_000);
    expect((await change(browser, root.password)).status).toBe(303);
  });

  it("it needs a recent code", async () => {
    const browser = await enter();
    server.clock.pass(5 * minuteMs);
    await browser.get(page);
    expect((await change(browser, root.password)).asks).toBe(`${base}/confirm`);
    await browser.open(`${base}/confirm`);
    const code = codeOf(server, root.secret);
    expect((await browser.send(`${base}/confirm`, { code, to: page })).to).toBe(page);
    await browser.get(page);
    expect((await change(browser, root.password)).status).toBe(303);
  });
});

it.each(["help-desk", "auditor"] as const)(
  "whoever has a role can do it in the console: %s",
  async (role) => {
    const who = await person(server, "sam", role);
    const browser = new Browser(server);
    await signIn(server, browser, who);
    expect((await browser.get("/admin")).text).toContain("/admin/account");
    await browser.get("/admin/account");
    const fields = { old: who.password, fresh, repeated: fresh };
    expect((await browser.send("/admin/account/password", fields)).status).toBe(303);
  },
);
