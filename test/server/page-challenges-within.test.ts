// Where a page asks for a code beside the sign-in: a response to the challenge of that very session, mail or link does.

import { beforeEach, describe, expect, it } from "vitest";
import { minuteMs } from "../../words/clock.ts";
import { Browser, setupLink } from "./browser.ts";
import { anotherInstance } from "./mail/instance.ts";
import { newestCode } from "./mail/queued.ts";
import { areas, shownBy, type TokenSite, tokenSite, wrong } from "./page-token.ts";
import { addressFor, withMail } from "./portal-fixture.ts";

let site: TokenSite;
beforeEach(async () => {
  site = await tokenSite();
});

describe.each(areas)("a recent code within a session, at %s", (base) => {
  const protectedPage = base === "/portal" ? "/portal/authenticators/add" : "/admin/policies/add";
  const confirm = (browser: Browser, code: string) =>
    browser.send(`${base}/confirm`, { code, to: protectedPage });

  async function asked() {
    const browser = await site.signedInBy(base);
    site.server.clock.pass(6 * minuteMs);
    expect((await browser.get(protectedPage)).to).toContain(`${base}/confirm`);
    return browser;
  }

  it("is a response, once", async () => {
    const browser = await asked();
    const { digits } = shownBy(await browser.open(`${base}/confirm`));
    expect((await confirm(browser, site.response(digits))).to).toBe(protectedPage);
    site.server.clock.pass(6 * minuteMs);
    const next = shownBy(await browser.open(`${base}/confirm`));
    expect(next.digits).not.toBe(digits);
    expect((await confirm(browser, site.response(digits))).status).toBe(401);
  });

  it("is the same challenge as often as the page is opened, and another one after a wrong answer", async () => {
    const browser = await asked();
    const { digits } = shownBy(await browser.open(`${base}/confirm`));
    for (let at = 0; at < 3; at++) expect(shownBy(await browser.open(`${base}/confirm`)).digits).toBe(digits);
    const refused = await confirm(browser, wrong(site.response(digits)));
    expect([refused.status, shownBy(refused).digits === digits]).toEqual([401, false]);
    expect((await confirm(browser, site.response(digits))).status).toBe(401);
  });

  it("is not the response to another session's challenge, of the same user or another's", async () => {
    const [one, other] = [await asked(), await site.signedInBy(base)];
    const theirs = shownBy(await one.open(`${base}/confirm`)).digits;
    site.server.clock.pass(6 * minuteMs);
    await other.open(`${base}/confirm`);
    expect((await confirm(other, site.response(theirs))).status).toBe(401);
    const stranger = await site.begin(new Browser(site.server), base);
    expect((await confirm(other, site.response(stranger.digits))).status).toBe(401);
    expect((await confirm(one, site.response(theirs))).status).toBe(303);
  });

  it("is too late after ten minutes", async () => {
    const browser = await asked();
    const { digits } = shownBy(await browser.open(`${base}/confirm`));
    site.server.clock.pass(10 * minuteMs);
    expect((await confirm(browser, site.response(digits))).status).toBe(401);
  });

  it("sixty-four times at once, to two instances, is taken once", async () => {
    const browser = await asked();
    const { digits } = shownBy(await browser.open(`${base}/confirm`));
    const other = { ...site.server, ...(await anotherInstance(site.server)) };
    const windows = Array.from({ length: 64 }, (_, at) => {
      const window = new Browser(at % 2 === 0 ? site.server : other, `192.0.2.${at + 1}`);
      for (const [name, value] of browser.cookies) window.cookies.set(name, value);
      window.page = browser.page;
      return window;
    });
    const seen = await Promise.all(windows.map((window) => confirm(window, site.response(digits))));
    expect(seen.filter(({ to }) => to === protectedPage)).toHaveLength(1);
  });

  it("shows no challenge to who has no such token, and writes nothing for them", async () => {
    const browser = await site.signedInBy(base);
    await site.server.store.db.deleteFrom("authenticators").execute();
    await site.server.store.db.deleteFrom("pageChallenges").execute();
    expect((await browser.open(`${base}/confirm`)).text).not.toMatch(/\d{4} \d{4}/);
    expect(await site.server.store.db.selectFrom("pageChallenges").select("place").execute()).toEqual([]);
  });
});

it("a mailed code and a response let in who has no password, and each is good once", async () => {
  const key = await site.tokenFor("carol", false);
  await withMail(site.server);
  await addressFor(site.server, "carol", "carol@corp.example");
  const browser = new Browser(site.server);
  const page = await browser.post("/portal/sign-in/mail", { name: "carol" });
  const id = /name="id" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
  const mailCode = await newestCode(site.server);
  const finish = (code: string, mail = mailCode) =>
    new Browser(site.server).post("/portal/sign-in/mail-code", {
      id,
      name: "carol",
      "mail-code": mail,
      code,
    });
  const first = shownBy(page).digits;
  const refused = await finish(site.response(first, key), wrong(mailCode));
  expect([refused.status, shownBy(refused).digits === first]).toEqual([401, false]);
  expect((await finish(site.response(first, key))).status).toBe(401);
  const now = shownBy(await finish("123456")).digits;
  expect((await finish(site.response(now, key))).to).toBe("/portal");
  expect((await finish(site.response(now, key))).status).toBe(401);
});

it("the mail page shows a challenge to every name alike", async () => {
  await withMail(site.server);
  for (const name of ["alice", "nobody"]) {
    const page = await new Browser(site.server).post("/portal/sign-in/mail", { name });
    expect(shownBy(page).digits).toMatch(/^\d{8}$/);
  }
});

it("a one-time link of who has nothing but such a token asks for a response", async () => {
  const link = await setupLink(site.server, "alice", "admin");
  const browser = new Browser(site.server);
  const { digits } = shownBy(await browser.get(`/set-up?code=${link}`));
  expect(shownBy(await browser.get(`/set-up?code=${link}`)).digits).toBe(digits);
  const password = "a boat under the bridge";
  const send = (code: string) => browser.post("/set-up", { link, password, repeated: password, code });
  const refused = await send(wrong(site.response(digits)));
  expect(refused.status).toBe(400);
  expect((await send(site.response(digits))).status).toBe(400);
  const now = shownBy(await browser.get(`/set-up?code=${link}`)).digits;
  expect((await send(site.response(now))).to).toBe("/admin");
});
