// What people do in the portal with what is their own, and what they can't do with what is others'.

import { beforeEach, describe, expect, it } from "vitest";
import { authenticatorsOf } from "../../server/authenticators/authenticators.ts";
import { theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { Browser, codeOf, goodPassword, offeredSecret, type Person, signIn } from "./browser.ts";
import { type TestServer, testServer, wrongCode } from "./fixture.ts";
import { newest, newestCode, queued } from "./mail/queued.ts";
import { addressFor, allow, inPortal, withMail } from "./portal-fixture.ts";

let server: TestServer;
let browser: Browser;
let alice: Person;

beforeEach(async () => {
  server = await testServer();
  ({ browser, who: alice } = await inPortal(server));
});

const own = async (name = "alice") =>
  authenticatorsOf(server.store.db, server.vault, (await theUser(server.store.db, name)).id);

/** As after a while in which nothing was done. */
async function later(): Promise<void> {
  server.clock.pass(6 * minuteMs);
  await browser.get("/portal");
}

describe("adding an authenticator", () => {
  it("is for nobody at first", async () => {
    expect((await browser.get("/portal/authenticators")).text).not.toContain("/portal/authenticators/add");
    expect((await browser.get("/portal/authenticators/add")).status).toBe(403);
    expect((await browser.send("/portal/authenticators/add", { type: "totp" })).status).toBe(403);
    expect(await own()).toHaveLength(1);
  });

  it("shows a QR code and a key, counts after a right code, and is told by mail", async () => {
    await allow(server, { who: "everybody" });
    await withMail(server);
    await addressFor(server, "alice", "alice@corp.example");
    await browser.get("/portal/authenticators/add");
    const begun = await browser.send("/portal/authenticators/add", { "authenticator-name": "Phone" });
    expect(begun.to).toBe("/portal/authenticators/add");
    const { text } = await browser.get("/portal/authenticators/add");
    expect(text).toContain('<svg class="qr" role="img"');
    const secret = offeredSecret(text);
    const wrong = await browser.send("/portal/authenticators/prove", {
      code: wrongCode(codeOf(server, secret)),
    });
    expect(wrong.status).toBe(400);
    expect(await own()).toHaveLength(1);
    const done = await browser.send("/portal/authenticators/prove", { code: codeOf(server, secret) });
    expect(done.to).toBe("/portal/authenticators?done=added");
    expect(await own()).toHaveLength(2);
    expect(await queued(server)).toMatchObject([
      { kind: "account-change", recipient: "alice@corp.example", text: expect.stringContaining("Phone") },
    ]);
    server.clock.pass(30_000);
    const again = await signIn(server, new Browser(server), { ...alice, secret }, "/portal");
    expect(again.status).toBe(303);
  });

  it("asks for a code of one that is there, unless one was given just now", async () => {
    await allow(server, { who: "everybody" });
    await later();
    const seen = await browser.get("/portal/authenticators/add");
    expect(seen.to).toBe("/portal/confirm?to=%2Fportal%2Fauthenticators%2Fadd");
    expect((await browser.send("/portal/authenticators/add", { type: "totp" })).asks).toBe("/portal/confirm");
    await browser.get(seen.to ?? "");
    const refused = await browser.send("/portal/confirm", {
      code: "000000",
      to: "/portal/authenticators/add",
    });
    expect(refused.status).toBe(401);
    const confirmed = await browser.send("/portal/confirm", {
      code: codeOf(server, alice.secret),
      to: "/portal/authenticators/add",
    });
    expect(confirmed.to).toBe("/portal/authenticators/add");
    expect((await browser.get("/portal/authenticators/add")).status).toBe(200);
  });

  it("ends when the right to it does, also in the middle", async () => {
    await allow(server, { who: "everybody" });
    await browser.get("/portal/authenticators/add");
    await browser.send("/portal/authenticators/add", { type: "totp" });
    const { text } = await browser.get("/portal/authenticators/add");
    await allow(server, { who: "nobody" });
    const code = codeOf(server, offeredSecret(text));
    expect((await browser.send("/portal/authenticators/prove", { code })).status).toBe(403);
    expect(await own()).toHaveLength(1);
  });

  const refused = {
    en: "not permitted for you",
    de: "nicht zugelassen",
    fr: "ne vous sont pas permis",
    es: "No se le permiten",
    pl: "nie są dozwolone",
  };

  it("offers the types that both the setting and the user's policy permit", async () => {
    await allow(server, { who: "everybody", types: ["totp", "hotp"] });
    const offered = async () =>
      [...(await browser.get("/portal/authenticators/add")).text.matchAll(/value="(totp|hotp)"/g)].map(
        ([, type]) => type,
      );
    expect(await offered()).toEqual(["totp", "hotp"]);
    await server.policy("tokens.types=hotp");
    expect(await offered()).toEqual(["hotp"]);
    await allow(server, { who: "everybody", types: ["totp"] });
    const { status, text } = await browser.get("/portal/authenticators/add");
    expect([status, text.includes(refused.en)]).toEqual([200, true]);
    expect(await offered()).toEqual([]);
  });

  it.each(Object.entries(refused))("refuses another type and says so: %s", async (language, words) => {
    await allow(server, { who: "everybody", types: ["totp"] });
    await browser.get("/portal/authenticators/add");
    await browser.send("/portal/language", { language });
    const byTheSetting = await browser.send("/portal/authenticators/add", { type: "hotp" });
    await allow(server, { who: "everybody", types: ["totp", "hotp"] });
    await server.policy("tokens.types=totp");
    const byPolicy = await browser.send("/portal/authenticators/add", { type: "hotp" });
    for (const { status, text } of [byTheSetting, byPolicy])
      expect([status, text.includes(words), text.includes('id="f-type-fault"')]).toEqual([400, true, true]);
    expect(await own()).toHaveLength(1);
  });
});

describe("an authenticator of one's own", () => {
  const first = async () => `/portal/authenticators/${(await own())[0]?.id}`;

  it("gets a name, which is shown as text whatever it is", async () => {
    const name = "<img src=x onerror=alert(1)>";
    await browser.get(await first());
    expect((await browser.send(`${await first()}/rename`, { "authenticator-name": name })).status).toBe(303);
    const { text } = await browser.get("/portal/authenticators");
    expect(text).not.toContain("<img src=x");
    expect(text).toContain("&lt;img src=x onerror=alert(1)&gt;");
    const bad = await browser.send(`${await first()}/rename`, { "authenticator-name": "a\u202eb" });
    expect(bad.status).toBe(400);
  });

  it("is removed with a fresh code only, even the last one, and told by mail", async () => {
    await withMail(server);
    await addressFor(server, "alice", "alice@corp.example");
    await later();
    expect((await browser.get(await first())).text).toContain("This is your last one");
    expect((await browser.send(`${await first()}/remove`)).asks).toBe("/portal/confirm");
    expect(await own()).toHaveLength(1);
    await browser.send("/portal/confirm", { code: codeOf(server, alice.secret) });
    await browser.get(await first());
    expect((await browser.send(`${await first()}/remove`)).to).toBe("/portal/authenticators?done=removed");
    expect(await own()).toHaveLength(0);
    expect((await queued(server)).map(({ kind }) => kind)).toEqual(["account-change"]);
  });
});

describe("backup codes", () => {
  it("are shown once, ten of them, each good once, and new ones end the old ones", async () => {
    await browser.get("/portal/backup-codes");
    const made = await browser.send("/portal/backup-codes");
    const codes = [...made.text.matchAll(/<code class="key">([A-Z2-9-]+)<\/code>/g)].map(
      ([, code = ""]) => code,
    );
    expect(new Set(codes).size).toBe(10);
    expect((await browser.get("/portal/backup-codes")).text).toContain("10 unused codes");
    expect((await browser.get("/portal/backup-codes")).text).not.toContain(codes[0]);
    const by = (code: string) =>
      new Browser(server).post("/portal/sign-in", { name: "alice", password: goodPassword, code });
    expect((await by(codes[0] ?? "")).status).toBe(303);
    expect((await by(codes[0] ?? "")).status).toBe(401);
    await browser.get("/portal/backup-codes");
    await browser.send("/portal/backup-codes");
    expect((await by(codes[1] ?? "")).status).toBe(401);
  });

  it("need a fresh code", async () => {
    await later();
    expect((await browser.send("/portal/backup-codes")).asks).toBe("/portal/confirm");
    expect(await own()).toHaveLength(1);
  });
});

describe("machines", () => {
  it("are shown with days and sign-ins left, and forget their user at the next contact", async () => {
    const laptop = await server.machine("laptop");
    await laptop.enrolledVerify("alice", [codeOf(server, alice.secret)]);
    const { text } = await browser.get("/portal/machines");
    expect(text).toContain("laptop");
    expect(text).toContain("7 days and 50 sign-ins");
    const done = await browser.send(`/portal/machines/${laptop.id}/disenrol`);
    expect(done.to).toBe("/portal/machines?done=disenrolled");
    const { revocations } = await laptop.sync();
    expect(revocations).toHaveLength(1);
    const ended = (await server.audit()).find((entry) => entry.kind === "enrolment-ended");
    expect(ended).toMatchObject({ user: "alice", machine: laptop.id, detail: { reason: "user" } });
  });

  it("show their own seed under seeds=per-machine, to who is enrolled there", async () => {
    const laptop = await server.machine("laptop");
    await laptop.enrolledVerify("alice", [codeOf(server, alice.secret)]);
    expect((await browser.get(`/portal/machines/${laptop.id}/seed`)).status).toBe(404);
    await server.policy("seeds=per-machine");
    server.clock.pass(30_000);
    await laptop.enrolledVerify("alice", [codeOf(server, alice.secret)]);
    await browser.get(`/portal/machines/${laptop.id}/seed`);
    const shown = await browser.send(`/portal/machines/${laptop.id}/seed`);
    const secret = offeredSecret(shown.text);
    server.clock.pass(30_000);
    expect((await laptop.verify("alice", [codeOf(server, secret)])).verdict).toBe("granted");
    const told = (await server.audit()).find((entry) => entry.kind === "machine-seed-shown");
    expect(told).toMatchObject({ user: "alice", detail: { operator: "portal: alice" } });
  });
});

describe("what belongs to others", () => {
  it("is not there: the same answer as for what nobody has", async () => {
    const { who: bob } = await inPortal(server, "bob");
    const laptop = await server.machine("laptop");
    await server.policy("seeds=per-machine");
    await laptop.enrolledVerify("bob", [codeOf(server, bob.secret)]);
    await browser.get("/portal");
    const theirs = (await own("bob"))[0]?.id ?? "";
    const answers = async (id: string, machine: string) => [
      await browser.get(`/portal/authenticators/${id}`),
      await browser.send(`/portal/authenticators/${id}/rename`, { "authenticator-name": "mine" }),
      await browser.send(`/portal/authenticators/${id}/remove`),
      await browser.send(`/portal/machines/${machine}/disenrol`),
      await browser.get(`/portal/machines/${machine}/seed`),
      await browser.send(`/portal/machines/${machine}/seed`),
    ];
    const page = (list: Awaited<ReturnType<typeof answers>>) =>
      list.map(({ status, text }) => `${status} ${text}`);
    const token = browser.token;
    const real = page(await answers(theirs, laptop.id));
    await browser.get("/portal");
    expect(browser.token).toBe(token);
    const none = page(await answers("0123456789abcdef", "A".repeat(32)));
    expect(real).toEqual(none);
    expect(real.every((answer) => answer.startsWith("404 "))).toBe(true);
    expect(await own("bob")).toHaveLength(1);
    expect((await laptop.sync()).revocations).toHaveLength(0);
    expect((await browser.get("/portal/machines")).text).not.toContain("laptop");
    expect((await browser.get("/portal/activity")).text).not.toContain("laptop");
  });

  it("is not reached by naming a user in a form", async () => {
    await inPortal(server, "bob");
    await browser.get("/portal/backup-codes");
    await browser.send("/portal/backup-codes", {
      user: "bob",
      userId: (await theUser(server.store.db, "bob")).id,
    });
    expect(await own("bob")).toHaveLength(1);
    expect(await own("alice")).toHaveLength(2);
  });
});

describe("addresses", () => {
  beforeEach(async () => {
    await withMail(server);
    await addressFor(server, "alice", "old@corp.example");
  });
  const address = async () =>
    (await server.store.db.selectFrom("addresses").select("address").execute()).map((row) => row.address);
  const ask = async (to: string) => {
    await browser.get("/portal/account");
    const seen = await browser.send("/portal/account/address", { place: "mail-1", address: to });
    const id = /name="id" value="([^"]+)"/.exec(seen.text)?.[1] ?? "";
    return { seen, id };
  };

  it("count once the code that was mailed there is typed; the old one hears of it", async () => {
    const { id } = await ask("new@corp.example");
    expect(await address()).toEqual(["old@corp.example"]);
    const code = await newestCode(server);
    expect((await newest(server, { kind: "code" })).recipient).toBe("new@corp.example");
    const wrong = await browser.send("/portal/account/address/prove", { id, code: wrongCode(code) });
    expect(wrong.status).toBe(400);
    const done = await browser.send("/portal/account/address/prove", { id, code });
    expect(done.to).toBe("/portal/account?done=address");
    expect(await address()).toEqual(["new@corp.example"]);
    const told = (await queued(server))
      .filter(({ kind }) => kind === "account-change")
      .map(({ recipient }) => recipient);
    expect(told.sort()).toEqual(["new@corp.example", "old@corp.example"]);
  });

  it("need a fresh code, and refuse what is no address", async () => {
    for (const text of ["x", "a@b", 'a@b.example"\r\nBcc: c@d.example', "a@b.example,c@d.example"])
      expect((await ask(text)).seen.status).toBe(400);
    await later();
    expect((await browser.send("/portal/account/address", { address: "n@corp.example" })).asks).toBe(
      "/portal/confirm",
    );
    expect(await queued(server)).toEqual([]);
  });

  it("of one user are not proved by a code in another's session", async () => {
    const { id } = await ask("new@corp.example");
    const code = await newestCode(server);
    const { browser: bobs } = await inPortal(server, "bob");
    expect((await bobs.send("/portal/account/address/prove", { id, code })).status).toBe(400);
    expect(await address()).toEqual(["old@corp.example"]);
  });
});

describe("a password", () => {
  const change = async (old: string, fresh: string, repeated = fresh) => {
    await browser.get("/portal/account");
    return browser.send("/portal/account/password", { old, fresh, repeated });
  };

  it("changes with the present one, and ends every other session", async () => {
    const other = new Browser(server);
    await signIn(server, other, alice, "/portal");
    expect((await change("not the present one", "another lamp by the sea")).status).toBe(400);
    expect((await change(goodPassword, "short")).status).toBe(400);
    expect((await change(goodPassword, "another lamp by the sea", "other")).status).toBe(400);
    const done = await change(goodPassword, "another lamp by the sea");
    expect(done.to).toBe("/portal/account?done=password");
    expect((await browser.get("/portal")).status).toBe(200);
    expect((await other.get("/portal")).to).toContain("/portal/sign-in");
  });
});

it("recent sign-ins are one's own, with where and how", async () => {
  const laptop = await server.machine("laptop");
  await laptop.verify("alice", ["000000"]);
  const { text } = await browser.get("/portal/activity");
  expect(text).toContain("laptop");
  expect(text).toContain("Denied");
  expect(text).toContain("Portal (192.0.2.1)");
});

it("signing out everywhere ends every session", async () => {
  const other = new Browser(server);
  await signIn(server, other, alice, "/portal");
  await browser.send("/portal/sign-out-everywhere");
  for (const one of [browser, other]) expect((await one.get("/portal")).to).toContain("/portal/sign-in");
});

it("the address of the server leads to the portal", async () => {
  expect((await new Browser(server).get("/")).to).toBe("/portal");
});
