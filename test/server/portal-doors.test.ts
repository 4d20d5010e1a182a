// The ways into the portal for those who lack something: an invitation, a mailed code, a first authenticator.

import { beforeEach, describe, expect, it } from "vitest";
import { authenticatorsOf } from "../../server/authenticators/authenticators.ts";
import { inviteByMail } from "../../server/provisioning/invite.ts";
import { addUser, joinGroup, theUser } from "../../server/users/users.ts";
import { hourMs } from "../../words/clock.ts";
import { Browser, codeOf, offeredSecret, person } from "./browser.ts";
import { random, type TestServer, testServer, wrongCode } from "./fixture.ts";
import { newestCode, newestInvitation, queued } from "./mail/queued.ts";
import { addressFor, allow, plainUser, withMail } from "./portal-fixture.ts";

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
  await withMail(server);
  await plainUser(server, "alice");
  await addressFor(server, "alice", "alice@corp.example");
});

const own = async (name = "alice") =>
  authenticatorsOf(server.store.db, server.vault, (await theUser(server.store.db, name)).id);
const hiddenId = (page: string) => /name="id" value="([^"]+)"/.exec(page)?.[1] ?? "";

describe("an invitation by mail", () => {
  const invite = async (hours = 72) => {
    await server.store.write(async (tx) =>
      inviteByMail(
        tx,
        { vault: server.vault, random },
        await theUser(tx, "alice"),
        { webAddress: "https://mfa.example/", hours },
        server.clock.nowMs,
      ),
    );
    const { url, link } = await newestInvitation(server);
    return { path: url.replace("https://mfa.example", ""), secret: link };
  };

  it("leads to an authenticator that opens machines and the portal at once", async () => {
    const { path, secret: link } = await invite();
    const browser = new Browser(server);
    expect((await browser.get(path)).text).toContain("Add an authenticator for alice");
    const begun = await browser.post("/portal/invitation", {
      link,
      type: "totp",
      "authenticator-name": "Phone",
    });
    expect(begun.to).toBe(path);
    const secret = offeredSecret((await browser.get(path)).text);
    const wrong = await browser.post("/portal/invitation/prove", {
      link,
      code: wrongCode(codeOf(server, secret)),
    });
    expect(wrong.status).toBe(400);
    const done = await browser.post("/portal/invitation/prove", { link, code: codeOf(server, secret) });
    expect([done.status, done.text.includes("You can use it at once")]).toEqual([200, true]);
    expect((await browser.get(path)).status).toBe(404);
    server.clock.pass(30_000);
    const laptop = await server.machine();
    expect((await laptop.verify("alice", [codeOf(server, secret)])).verdict).toBe("granted");
  });

  it("offers what the user's policy has, and says that another type is not permitted", async () => {
    const { path, secret: link } = await invite();
    await allow(server, { types: ["totp", "hotp"] });
    await server.policy("tokens.types=hotp");
    const browser = new Browser(server);
    const { text } = await browser.get(path);
    expect([text.includes('value="hotp"'), text.includes('value="totp"')]).toEqual([true, false]);
    const refused = await browser.post("/portal/invitation", { link, type: "totp" });
    expect([refused.status, refused.text.includes("not permitted for you")]).toEqual([400, true]);
    expect((await browser.post("/portal/invitation", { link, type: "hotp" })).to).toBe(path);
  });

  it("is good for its hours, and says no more than that it is not", async () => {
    const { path } = await invite(1);
    server.clock.pass(hourMs);
    const late = await new Browser(server).get(path);
    const never = await new Browser(server).get(`/portal/invitation?link=${"a".repeat(43)}`);
    expect([late.status, late.text]).toEqual([404, never.text]);
  });

  it("is refused as a whole where no mail can go", async () => {
    await plainUser(server, "bob");
    const inviting = server.store.write(async (tx) =>
      inviteByMail(
        tx,
        { vault: server.vault, random },
        await theUser(tx, "bob"),
        { webAddress: "https://mfa.example", hours: 1 },
        server.clock.nowMs,
      ),
    );
    await expect(inviting).rejects.toThrow("no way to mail bob");
    expect(await server.store.db.selectFrom("invitations").selectAll().execute()).toEqual([]);
  });
});

describe("signing in without a password", () => {
  let secret: Uint8Array;
  beforeEach(async () => {
    secret = await server.addTotp("alice");
  });
  const ask = (browser: Browser, name = "alice") => browser.post("/portal/sign-in/mail", { name });
  const finish = (browser: Browser, id: string, mailCode: string, code: string, name = "alice") =>
    browser.post("/portal/sign-in/mail-code", { id, name, "mail-code": mailCode, code });

  it("takes a mailed code and one of the authenticator, each once", async () => {
    const browser = new Browser(server);
    const id = hiddenId((await ask(browser)).text);
    const mailCode = await newestCode(server);
    const code = codeOf(server, secret);
    expect((await finish(browser, id, mailCode, code)).to).toBe("/portal");
    expect((await browser.get("/portal")).status).toBe(200);
    server.clock.pass(30_000);
    expect((await finish(new Browser(server), id, mailCode, codeOf(server, secret))).status).toBe(401);
  });

  it("takes neither code alone, and no code of another request", async () => {
    const browser = new Browser(server);
    const id = hiddenId((await ask(browser)).text);
    const mailCode = await newestCode(server);
    const code = codeOf(server, secret);
    const other = hiddenId((await ask(new Browser(server), "nobody")).text);
    for (const [one, mailed, typed] of [
      [id, wrongCode(mailCode), code],
      [id, mailCode, wrongCode(code)],
      [other, mailCode, code],
    ] as const) {
      const seen = await finish(browser, one, mailed, typed);
      expect([seen.status, browser.cookies.size]).toEqual([401, 0]);
    }
    expect((await finish(browser, id, mailCode, code)).status).toBe(303);
  });

  it("looks the same for nobody, for who has a password, and for who is disabled, and mails nothing", async () => {
    await person(server, "with-password", "none");
    await addressFor(server, "with-password", "w@corp.example");
    await plainUser(server, "gone");
    await addressFor(server, "gone", "g@corp.example");
    await server.store.db.updateTable("users").set({ disabledAtMs: 1 }).where("name", "=", "gone").execute();
    const before = (await queued(server)).length;
    const pages = new Set<string>();
    // Each has a challenge of its own.
    const alike = (text: string) =>
      text.replaceAll(/ value="[^"]*"/g, "").replace(/>\d{4} \d{4}</, ">0000 0000<");
    for (const name of ["nobody", "with-password", "gone", "\u0001"]) {
      const seen = await ask(new Browser(server), name);
      expect(seen.status).toBe(200);
      pages.add(alike(seen.text));
    }
    expect(await queued(server)).toHaveLength(before);
    pages.add(alike((await ask(new Browser(server))).text));
    expect(pages.size).toBe(1);
  });

  it("does not fill a mailbox, nor let one address ask for ever", async () => {
    for (let at = 0; at < 20; at++) await ask(new Browser(server, `192.0.2.${at}`));
    expect((await queued(server)).length).toBe(15);
    const statuses = [];
    for (let at = 0; at < 45; at++) statuses.push((await ask(new Browser(server), `nobody-${at}`)).status);
    expect(statuses.at(-1)).toBe(429);
  });

  it("is blocked after wrong codes, like any sign-in", async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 8; at++) {
      const browser = new Browser(server, `198.51.100.${at}`);
      const id = hiddenId((await ask(browser)).text);
      statuses.push((await finish(browser, id, "00000000", "000000")).status);
    }
    expect(statuses).toContain(429);
  });
});

describe("a first authenticator", () => {
  const ask = (browser: Browser, name: string, password = "") =>
    browser.post("/portal/first", { name, password });
  const finish = (browser: Browser, id: string, code: string) =>
    browser.post("/portal/first/code", { id, "mail-code": code });

  it("is added with a mailed code by who may, and has none", async () => {
    await allow(server, { who: "groups", groups: ["sales"] });
    await server.store.write(async (tx) =>
      joinGroup(tx, await theUser(tx, "alice"), "sales", server.clock.nowMs),
    );
    const browser = new Browser(server);
    const id = hiddenId((await ask(browser, "alice")).text);
    const code = await newestCode(server);
    expect((await finish(browser, id, wrongCode(code))).status).toBe(401);
    const led = await finish(browser, id, code);
    expect(led.to).toMatch(/^\/portal\/invitation\?link=/);
    await browser.get(led.to ?? "");
    const link = new URL(led.to ?? "", "https://x.example").searchParams.get("link") ?? "";
    await browser.post("/portal/invitation", { link, type: "totp" });
    const secret = offeredSecret((await browser.get(led.to ?? "")).text);
    await browser.post("/portal/invitation/prove", { link, code: codeOf(server, secret) });
    expect(await own()).toHaveLength(1);
    expect((await finish(browser, id, code)).status).toBe(401);
  });

  it("is not for who may not, has one already, or does not exist; all look the same", async () => {
    await server.userWithTotp("bob");
    await addressFor(server, "bob", "bob@corp.example");
    await allow(server, { who: "all-but-groups", groups: ["sales"] });
    await server.store.write(async (tx) => {
      await addUser(tx, { name: "carol", displayName: "", groups: ["sales"] }, random, server.clock.nowMs);
    });
    await addressFor(server, "carol", "carol@corp.example");
    const pages = new Set<string>();
    for (const name of ["bob", "carol", "nobody"]) {
      const seen = await ask(new Browser(server), name);
      pages.add(`${seen.status} ${seen.text.replaceAll(/ value="[^"]*"/g, "")}`);
    }
    expect(await queued(server)).toEqual([]);
    const seen = await ask(new Browser(server), "alice");
    pages.add(`${seen.status} ${seen.text.replaceAll(/ value="[^"]*"/g, "")}`);
    expect(pages.size).toBe(1);
    expect(await queued(server)).toHaveLength(1);
  });

  it("is not to be had once the right to it has ended, whatever was mailed before", async () => {
    await allow(server, { who: "everybody" });
    const browser = new Browser(server);
    const id = hiddenId((await ask(browser, "alice")).text);
    const code = await newestCode(server);
    await allow(server, { who: "nobody" });
    expect((await finish(browser, id, code)).status).toBe(401);
  });

  it("of who has a password takes that password, too, or alone where the admin has it so", async () => {
    const who = await person(server, "dora", "none");
    await addressFor(server, "dora", "dora@corp.example");
    const { id } = await theUser(server.store.db, "dora");
    await server.store.db.deleteFrom("authenticators").where("userId", "=", id).execute();
    await allow(server, { who: "everybody", mailCode: true });
    for (const password of ["", "not the right one"]) await ask(new Browser(server), "dora", password);
    expect(await queued(server)).toEqual([]);
    await ask(new Browser(server), "dora", who.password);
    expect(await queued(server)).toHaveLength(1);
    await allow(server, { who: "everybody", mailCode: false });
    expect((await ask(new Browser(server), "dora", "not the right one")).status).toBe(401);
    expect((await ask(new Browser(server), "dora", who.password)).to).toContain("/portal/invitation");
    expect((await ask(new Browser(server), "alice", "any password")).status).toBe(401);
  });
});
