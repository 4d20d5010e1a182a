// What an admin does for one user in the console: addresses, invitations, one-time links, other seeds.

import { describe, expect, it } from "vitest";
import { addressesOf, chooseForCodes, setProvedAddress } from "../../server/mail/addresses.ts";
import { theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { Browser, person, signedIn, signIn } from "./browser.ts";
import { type TestServer, testServer } from "./fixture.ts";
import { queued } from "./mail/queued.ts";
import { plainUser, withMail } from "./portal-fixture.ts";

async function site() {
  const server = await testServer();
  const browser = await signedIn(server, "admin", "root");
  await plainUser(server, "alice");
  const { id } = await theUser(server.store.db, "alice");
  const at = `/admin/users/${id}`;
  await browser.open(at);
  const send = (path: string, fields: Record<string, string> = {}) => browser.send(`${at}/${path}`, fields);
  const addresses = () => addressesOf(server.store.db, id);
  const kinds = async () => (await server.audit()).filter(({ user }) => user === "alice");
  return { server, browser, at, send, addresses, kinds };
}

describe("a user's addresses", () => {
  it("are set, chosen and removed, each in the audit, and only the user's own proof proves one", async () => {
    const { server, browser, at, send, addresses, kinds } = await site();
    await send("addresses", { place: "mail-1", address: " alice@corp.example " });
    await send("addresses", { place: "mail-2", address: "alice@home.example" });
    await send("addresses", { place: "phone", address: "+49 30 1234567" });
    await server.store.write(async (tx) =>
      setProvedAddress(tx, await theUser(tx, "alice"), "mail-2", "alice@home.example", server.clock.nowMs),
    );
    await send("addresses/codes", { which: "both" });
    expect(await addresses()).toMatchObject([
      { place: "mail-1", address: "alice@corp.example", forCodes: true, provedAtMs: null },
      { place: "mail-2", address: "alice@home.example", forCodes: true, provedAtMs: server.clock.nowMs },
      { place: "phone", address: "+49301234567", forCodes: true },
    ]);
    const { text } = await browser.get(at);
    for (const shown of ["alice@corp.example", "<td>no</td>", "<td><time", "+49301234567"])
      expect(text).toContain(shown);
    await send("addresses", { place: "mail-2", address: "alice@new.example" });
    expect((await addresses())[1]).toMatchObject({ address: "alice@new.example", provedAtMs: null });
    await send("addresses/remove", { place: "mail-1" });
    expect((await addresses()).map(({ place }) => place)).toEqual(["mail-2", "phone"]);
    const told = (await kinds()).filter((entry) => entry.kind.startsWith("address-"));
    expect(told.map(({ kind }) => kind)).toEqual([
      "address-set",
      "address-set",
      "address-set",
      "address-proved",
      "address-for-codes",
      "address-set",
      "address-removed",
    ]);
    const operators = told
      .filter((_, index) => index !== 3)
      .map((entry) => (entry as { operator?: string }).operator);
    expect(new Set(operators)).toEqual(new Set(["console: root"]));
  });

  it("that stay as they are stay proved, and nobody is told", async () => {
    const { server, send, addresses } = await site();
    await withMail(server);
    await server.store.write(async (tx) => {
      const user = await theUser(tx, "alice");
      await setProvedAddress(tx, user, "mail-1", "alice@corp.example", server.clock.nowMs);
      await chooseForCodes(tx, user, ["mail-1"], server.clock.nowMs);
    });
    await send("addresses", { place: "mail-1", address: "alice@corp.example" });
    expect((await addresses())[0]?.provedAtMs).toBe(server.clock.nowMs);
    expect(await queued(server)).toEqual([]);
  });

  it("when they change, the old one is told as well", async () => {
    const { server, send } = await site();
    await withMail(server);
    await send("addresses", { place: "mail-1", address: "alice@corp.example" });
    await send("addresses", { place: "mail-1", address: "eve@corp.example" });
    await send("addresses/remove", { place: "mail-1" });
    expect((await queued(server)).map(({ recipient }) => recipient).sort()).toEqual([
      "alice@corp.example",
      "alice@corp.example",
      "eve@corp.example",
      "eve@corp.example",
    ]);
  });

  it.each([
    ["mail-1", "alice"],
    ["mail-1", "a@b.example\r\nBcc: c@d.example"],
    ["mail-1", "<script>alert(1)</script>@x"],
    ["phone", "12"],
    ["mail-3", "alice@corp.example"],
  ])("refuse %s=%j, and nothing has changed", async (place, address) => {
    const { send, addresses } = await site();
    const seen = await send("addresses", { place, address });
    expect([seen.status, seen.text.includes("<script>alert")]).toEqual([400, false]);
    expect(await addresses()).toEqual([]);
  });

  it("that are not there are neither removed nor chosen", async () => {
    const { send } = await site();
    expect((await send("addresses/remove", { place: "phone" })).status).toBe(404);
    expect((await send("addresses/codes", { which: "2" })).status).toBe(404);
  });
});

describe("an invitation", () => {
  it("is a link on one page, once; it is seen to be open, and can be withdrawn", async () => {
    const { server, browser, at, send } = await site();
    const { text } = await send("invite-link");
    const path = /https:\/\/mfa\.example(\/portal\/invitation\?link=[\w-]{43})/.exec(text)?.[1] ?? "";
    expect((await new Browser(server).get(path)).text).toContain("Add an authenticator for alice");
    const seen = await browser.get(at);
    expect([seen.text.includes("is open until"), seen.text.includes("link=")]).toEqual([true, false]);
    await send("withdraw-invitation");
    expect((await new Browser(server).get(path)).status).toBe(404);
    expect((await browser.get(at)).text).not.toContain("is open until");
    expect((await send("withdraw-invitation")).status).toBe(404);
  });
});

describe("a password", () => {
  it("is taken away with all sessions, and a link made in its place", async () => {
    const { server, browser } = await site();
    const who = await person(server, "bob", "auditor");
    const bob = new Browser(server);
    await signIn(server, bob, who);
    const at = `/admin/users/${(await theUser(server.store.db, "bob")).id}`;
    const { text } = await browser.send(`${at}/reset`);
    const path = /https:\/\/mfa\.example(\/set-up\?code=[\w-]{43})/.exec(text)?.[1] ?? "";
    expect((await bob.get("/admin")).to).toContain("/admin/sign-in");
    server.clock.pass(30_000);
    expect((await signIn(server, new Browser(server), who)).status).toBe(401);
    expect((await new Browser(server).get(path)).text).toContain("Set up bob");
  });

  it("of the last admin stays", async () => {
    const { server, browser } = await site();
    const at = `/admin/users/${(await theUser(server.store.db, "root")).id}`;
    expect((await browser.send(`${at}/reset`)).status).toBe(409);
    expect((await browser.get("/admin")).status).toBe(200);
  });
});

describe("seeds per machine", () => {
  it("are others after a loss", async () => {
    const { send, kinds } = await site();
    expect((await send("renew-seeds")).status).toBe(303);
    expect((await kinds()).at(-1)).toMatchObject({
      kind: "machine-seeds-renewed",
      operator: "console: root",
    });
  });
});

describe("each of these buttons", () => {
  const sent: readonly (readonly [string, Record<string, string>])[] = [
    ["addresses", { place: "mail-1", address: "alice@corp.example" }],
    ["addresses/remove", { place: "mail-1" }],
    ["addresses/codes", { which: "1" }],
    ["invite", {}],
    ["invite-link", {}],
    ["withdraw-invitation", {}],
    ["set-up-link", {}],
    ["reset", {}],
    ["renew-seeds", {}],
  ];
  const others = async (server: TestServer) => [
    await signedIn(server, "auditor", "audrey"),
    await signedIn(server, "help-desk", "henry"),
  ];

  it("is no auditor's and no help desk's, who see what there is", async () => {
    const { server, at, send, kinds } = await site();
    await send("addresses", { place: "mail-1", address: "alice@corp.example" });
    const before = (await kinds()).length;
    for (const browser of await others(server)) {
      const { text } = await browser.get(at);
      expect([text.includes("alice@corp.example"), text.includes("/addresses")]).toEqual([true, false]);
      await browser.open("/admin");
      for (const [path, fields] of sent)
        expect([path, (await browser.send(`${at}/${path}`, fields)).status]).toEqual([path, 403]);
    }
    expect(await kinds()).toHaveLength(before);
  });

  it("wants a recent code, but for taking back", async () => {
    const { server, browser, at } = await site();
    server.clock.pass(6 * minuteMs);
    for (const [path, fields] of sent) {
      const seen = await browser.send(`${at}/${path}`, fields);
      const confirms = seen.asks === "/admin/confirm";
      expect([path, confirms]).toEqual([path, path !== "withdraw-invitation"]);
    }
  });
});
