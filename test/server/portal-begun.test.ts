// What was begun in the portal is its session's alone, and ends with it: else its thief leaves a key behind that the owner
// takes for their own.

import { beforeEach, describe, expect, it } from "vitest";
import { dropPassword, setPassword } from "../../server/accounts/accounts.ts";
import { keepPassword, passwordCost } from "../../server/accounts/password.ts";
import { addressesOf } from "../../server/mail/addresses.ts";
import { removeUser } from "../../server/users/leave.ts";
import { theUser } from "../../server/users/users.ts";
import { Browser, codeOf, offeredSecret, type Person, person, signIn } from "./browser.ts";
import { random, type TestServer, testServer } from "./fixture.ts";
import { newestCode } from "./mail/queued.ts";
import { addressFor, allow, inPortal, withMail } from "./portal-fixture.ts";

const addPath = "/portal/authenticators/add";
const fresh = "seven quiet lanterns";

let server: TestServer;
let thief: Browser;
let who: Person;

beforeEach(async () => {
  server = await testServer();
  await withMail(server);
  await allow(server, { who: "everybody", mailCode: false });
  ({ browser: thief, who } = await inPortal(server));
});

const enter = async (password = who.password) => {
  const browser = new Browser(server, "192.0.2.2");
  expect((await signIn(server, browser, { ...who, password }, "/portal")).status).toBe(303);
  server.clock.pass(30_000);
  await browser.get("/portal");
  return browser;
};
const begin = async (browser: Browser) => {
  await browser.get(addPath);
  await browser.send(addPath, { type: "totp", "authenticator-name": "Mine" });
  return offeredSecret((await browser.get(addPath)).text);
};
const isOffered = async (browser: Browser) =>
  (await browser.get(addPath)).text.includes('name="authenticator-name"');
const prove = async (browser: Browser, secret: Uint8Array) => {
  await browser.get(addPath);
  return browser.send("/portal/authenticators/prove", { code: codeOf(server, secret) });
};
const waiting = () => server.store.db.selectFrom("pendingAuthenticators").selectAll().execute();

describe("an authenticator that was begun", () => {
  it("is not shown in another session, nor finished there", async () => {
    const secret = await begin(thief);
    const owner = await enter();
    expect(await isOffered(owner)).toBe(true);
    expect((await prove(owner, secret)).status).toBe(409);
  });

  it("ends by signing out, here or everywhere", async () => {
    for (const path of ["/portal/sign-out", "/portal/sign-out-everywhere"]) {
      const browser = await enter();
      await begin(browser);
      await browser.get("/portal");
      await browser.send(path);
      expect([path, await waiting()]).toEqual([path, []]);
    }
  });

  it("ends with the password", async () => {
    await begin(thief);
    const owner = await enter();
    await owner.get("/portal/account");
    const change = { old: who.password, fresh, repeated: fresh };
    expect((await owner.send("/portal/account/password", change)).status).toBe(303);
    expect(await waiting()).toEqual([]);
    server.clock.pass(30_000);
    expect(await isOffered(await enter(fresh))).toBe(true);
  });

  it("goes on when a fresh code was given in the middle", async () => {
    const secret = await begin(thief);
    server.clock.pass(5 * 60_000);
    await thief.open(addPath);
    await thief.send("/portal/confirm", { code: codeOf(server, who.secret), to: addPath });
    expect(offeredSecret((await thief.get(addPath)).text)).toEqual(secret);
    expect((await prove(thief, secret)).to).toContain("done=added");
  });
});

describe("an address that was asked for", () => {
  const ask = async (browser: Browser) => {
    await browser.get("/portal/account");
    const { text } = await browser.send("/portal/account/address", {
      place: "mail-1",
      address: "thief@evil.example",
    });
    return { id: /name="id" value="([^"]+)"/.exec(text)?.[1] ?? "", code: await newestCode(server) };
  };
  const finish = async (browser: Browser, proof: { id: string; code: string }) => {
    await browser.get("/portal/account");
    return browser.send("/portal/account/address/prove", { ...proof, address: "thief@evil.example" });
  };
  const addresses = async () => addressesOf(server.store.db, (await theUser(server.store.db, who.name)).id);

  it("is proved in the session that asked for it, and in no other", async () => {
    const proof = await ask(thief);
    expect((await finish(await enter(), proof)).status).toBe(400);
    expect(await addresses()).toEqual([]);
    expect((await finish(thief, proof)).status).toBe(303);
  });

  it("is not to be had any more once its session has ended", async () => {
    const proof = await ask(thief);
    const owner = await enter();
    await owner.get("/portal");
    await owner.send("/portal/sign-out-everywhere");
    expect((await finish(await enter(), proof)).status).toBe(400);
    expect(await addresses()).toEqual([]);
  });
});

describe("what was earned with a password", () => {
  const bare = async () => {
    const dora = await person(server, "dora", "none");
    await addressFor(server, "dora", "dora@corp.example");
    const { id } = await theUser(server.store.db, "dora");
    await server.store.db.deleteFrom("authenticators").where("userId", "=", id).execute();
    return dora;
  };
  const earn = async (password: string) =>
    new Browser(server).post("/portal/first", { name: "dora", password });
  const drop = () =>
    server.store.write(async (tx) => dropPassword(tx, await theUser(tx, "dora"), server.clock.nowMs));
  const change = async () => {
    const kept = await keepPassword(fresh, passwordCost, random);
    await server.store.write(async (tx) =>
      setPassword(tx, server.vault, await theUser(tx, "dora"), kept, server.clock.nowMs),
    );
  };

  it.each([
    ["dropped", drop],
    ["changed", change],
  ])("an invitation, ends when it is %s", async (_, end) => {
    const { password } = await bare();
    const link = (await earn(password)).to?.split("link=")[1] ?? "";
    await new Browser(server).post("/portal/invitation", { link, type: "totp" });
    expect((await new Browser(server).get(`/portal/invitation?link=${link}`)).status).toBe(200);
    await end();
    expect((await new Browser(server).get(`/portal/invitation?link=${link}`)).status).toBe(404);
    expect(await waiting()).toEqual([]);
  });

  it.each([
    ["dropped", drop],
    ["changed", change],
  ])("a mailed code, is worth nothing once it is %s", async (_, end) => {
    const { password } = await bare();
    await allow(server, { who: "everybody", mailCode: true });
    const { text } = await earn(password);
    const id = /name="id" value="([^"]+)"/.exec(text)?.[1] ?? "";
    const code = await newestCode(server);
    await end();
    const seen = await new Browser(server).post("/portal/first/code", { id, "mail-code": code });
    expect(seen.status).toBe(401);
  });
});

describe("a user who was removed and added again", () => {
  it("sees no sign-in of the former one, also not one that a machine tells of later", async () => {
    const laptop = await server.machine();
    await laptop.verify(who.name, [codeOf(server, who.secret)]);
    laptop.event("sign-in-granted", { user: who.name, offline: true });
    server.clock.pass(30_000);
    expect((await thief.get("/portal/activity")).text).toContain("laptop");
    await server.store.write(async (tx) => {
      const { privateKey } = server.identity.signing;
      await removeUser(tx, privateKey, await theUser(tx, who.name), server.clock.nowMs);
    });
    server.clock.pass(1_000);
    const { browser } = await inPortal(server);
    await laptop.sync();
    const { text } = await browser.get("/portal/activity");
    expect([text.includes("laptop"), text.match(/<tr><td>/g)?.length]).toEqual([false, 1]);
  });
});

describe("a change that was sent before its session ended", () => {
  it("does not happen after it", async () => {
    const { store } = server;
    const others: TestServer["store"] = {
      ...store,
      write: async (work) => {
        await store.db.deleteFrom("sessions").where("kind", "=", "portal").execute();
        return store.write(work);
      },
    };
    const slow = new Browser({ ...server, store: others });
    for (const [name, value] of thief.cookies) slow.cookies.set(name, value);
    await slow.get("/portal/account");
    const seen = await slow.send("/portal/account/password", { old: who.password, fresh, repeated: fresh });
    expect(seen.status).toBe(409);
    expect((await enter()).cookies.size).toBe(1);
  });
});
