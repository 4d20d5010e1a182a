// What the thief of a password, of an old link or of an open browser comes to.

import { beforeEach, describe, expect, it } from "vitest";
import { authenticatorsOf } from "../../server/authenticators/authenticators.ts";
import { inviteByMail } from "../../server/provisioning/invite.ts";
import { theUser } from "../../server/users/users.ts";
import { Browser, codeOf, goodPassword, offeredSecret, person, setupLink } from "./browser.ts";
import { random, type TestServer, testServer } from "./fixture.ts";
import { hourMs } from "../../words/clock.ts";
import { newestCode, newestInvitation, queued } from "./mail/queued.ts";
import { addressFor, allow, inPortal, plainUser, withMail } from "./portal-fixture.ts";

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
  await withMail(server);
});

const own = async (name: string) =>
  authenticatorsOf(server.store.db, server.vault, (await theUser(server.store.db, name)).id);

const invite = async (name: string) => {
  server.clock.pass(1_000);
  await server.store.write(async (tx) =>
    inviteByMail(
      tx,
      { vault: server.vault, random },
      await theUser(tx, name),
      { webAddress: "https://mfa.example", hours: 72 },
      server.clock.nowMs,
    ),
  );
  return (await newestInvitation(server)).link;
};
const begin = (link: string) => new Browser(server).post("/portal/invitation", { link, type: "totp" });
const look = (link: string) => new Browser(server).get(`/portal/invitation?link=${link}`);
const prove = (link: string, code: string) =>
  new Browser(server).post("/portal/invitation/prove", { link, code });
const askFirst = (name: string, password: string, at = 1) =>
  new Browser(server, `192.0.2.${at}`).post("/portal/first", { name, password });

/** With a password, and no authenticator. */
const bare = async (name: string) => {
  const who = await person(server, name, "none");
  const { id } = await theUser(server.store.db, name);
  await server.store.db.deleteFrom("authenticators").where("userId", "=", id).execute();
  await addressFor(server, name, `${name}@corp.example`);
  return who;
};

describe("an invitation", () => {
  it("never shows the key that somebody began by an earlier one", async () => {
    await plainUser(server, "alice");
    await addressFor(server, "alice", "alice@corp.example");
    const stolen = await invite("alice");
    await begin(stolen);
    const seen = offeredSecret((await look(stolen)).text);
    const fresh = await invite("alice");
    expect((await look(fresh)).text).toContain('name="authenticator-name"');
    expect((await prove(fresh, codeOf(server, seen))).status).toBe(409);
    expect(await own("alice")).toEqual([]);
  });

  it("that was earned without one is worth nothing once its user has an authenticator", async () => {
    const who = await bare("dora");
    await allow(server, { who: "everybody", mailCode: false });
    const link = (await askFirst("dora", who.password)).to?.split("link=")[1] ?? "";
    await begin(link);
    const seen = offeredSecret((await look(link)).text);
    await server.addTotp("dora");
    expect((await prove(link, codeOf(server, seen))).status).toBe(404);
    expect((await look(link)).status).toBe(404);
    expect(await own("dora")).toHaveLength(1);
  });

  it("that was earned ends with the right to it", async () => {
    const who = await bare("dora");
    await allow(server, { who: "everybody", mailCode: false });
    const link = (await askFirst("dora", who.password)).to?.split("link=")[1] ?? "";
    expect((await look(link)).status).toBe(200);
    await allow(server, { who: "nobody", mailCode: false });
    expect((await begin(link)).status).toBe(404);
  });

  it("of an admin's is good for who has an authenticator, too", async () => {
    await bare("dora");
    await server.addTotp("dora");
    const link = await invite("dora");
    await begin(link);
    const code = codeOf(server, offeredSecret((await look(link)).text));
    expect((await prove(link, code)).status).toBe(200);
    expect(await own("dora")).toHaveLength(2);
  });
});

describe("the way in for who has no authenticator", () => {
  const statuses = async (name: string, password: string) => {
    const seen: number[] = [];
    for (let at = 0; at < 8; at++) seen.push((await askFirst(name, password, at)).status);
    return seen;
  };

  it("does not tell whether a password is right, not by its waits either", async () => {
    await allow(server, { who: "everybody", mailCode: true });
    const dora = await person(server, "dora", "none");
    await person(server, "emil", "none");
    expect(await statuses("dora", dora.password)).toEqual(await statuses("emil", "not the right one"));
    expect(await statuses("nobody", "not the right one")).toEqual(await statuses("frida", "another"));
  });

  it("does not tell a right password of who gets a mail for it, not by its waits either", async () => {
    await allow(server, { who: "everybody", mailCode: true });
    const dora = await bare("dora");
    await bare("emil");
    expect(await statuses("dora", dora.password)).toEqual(await statuses("emil", "not the right one"));
    server.clock.pass(hourMs);
    const mixed = async (name: string, right: string) => {
      const seen: number[] = [];
      for (let at = 0; at < 8; at++)
        seen.push((await askFirst(name, at === 2 ? right : "not the right one", at + 100)).status);
      return seen;
    };
    expect(await mixed("dora", dora.password)).toEqual(await mixed("emil", "not the right one"));
  });

  it("lets in at once who has typed the mailed code, however often they asked", async () => {
    await allow(server, { who: "everybody", mailCode: true });
    const { password } = await bare("dora");
    let id = "";
    for (let at = 0; at < 3; at++) {
      server.clock.pass(1_000);
      id = /name="id" value="([^"]+)"/.exec((await askFirst("dora", password)).text)?.[1] ?? "";
    }
    const code = await newestCode(server);
    const seen = await new Browser(server).post("/portal/first/code", { id, "mail-code": code });
    expect(seen.to).toContain("/portal/invitation?link=");
  });

  it("does not tell who has a password", async () => {
    await allow(server, { who: "everybody", mailCode: true });
    await person(server, "dora", "none");
    await plainUser(server, "alice");
    const [dora, alice, nobody] = [
      await statuses("dora", ""),
      await statuses("alice", ""),
      await statuses("nobody", ""),
    ];
    expect([dora, alice]).toEqual([nobody, nobody]);
  });
});

describe("an open browser", () => {
  it("gives no free guesses at the password", async () => {
    const { browser, who } = await inPortal(server);
    const fresh = "seven quiet lanterns";
    const change = (old: string) => browser.send("/portal/account/password", { old, fresh, repeated: fresh });
    await browser.get("/portal/account");
    const seen: number[] = [];
    for (let at = 0; at < 6; at++) seen.push((await change("not the right one")).status);
    expect(seen).toEqual([400, 400, 400, 400, 400, 429]);
    expect((await change(who.password)).status).toBe(429);
    server.clock.pass(61_000);
    expect((await change(who.password)).status).toBe(303);
  });
});

describe("a one-time link of an admin's", () => {
  const told = async () =>
    (await queued(server)).filter(({ kind }) => kind === "account-change").map(({ text }) => text);

  it("is told of by mail once it was used, whoever had it", async () => {
    await plainUser(server, "alice");
    await addressFor(server, "alice", "alice@corp.example");
    const browser = new Browser(server);
    const link = await setupLink(server, "alice", "none");
    const secret = offeredSecret((await browser.get(`/set-up?code=${link}`)).text);
    expect(await told()).toEqual([]);
    const password = { password: goodPassword, repeated: goodPassword };
    await browser.send("/set-up", { link, ...password, code: codeOf(server, secret) });
    expect(await told()).toHaveLength(2);
    expect((await told()).join()).toMatch(/password of your account was changed/);
    expect((await told()).join()).toMatch(/authenticator was added/);
    server.clock.pass(30_000);
    const again = await setupLink(server, "alice", "none");
    await browser.send("/set-up", { link: again, ...password, code: codeOf(server, secret) });
    expect(await told()).toHaveLength(3);
  });
});
