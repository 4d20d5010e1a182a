// The console, page by page: what it shows, what it changes, and who is said to have done it.

import { describe, expect, it } from "vitest";
import { inGroups } from "../../otp/help-desk.ts";
import { settingsPages } from "../../server/console/settings/pages.ts";
import { theMachine } from "../../server/machines/machines.ts";
import { tagsOf } from "../../server/machines/tags.ts";
import { provisioningSetting } from "../../server/provisioning/provisioning-setting.ts";
import { readSetting } from "../../server/settings/settings.ts";
import { dayMs, hourMs } from "../../words/clock.ts";
import { Browser, codeOf, person, signedIn } from "./browser.ts";
import { flags, type TestServer, testServer, totpAt } from "./fixture.ts";
import { newestInvitation } from "./mail/queued.ts";
import { addressFor, plainUser, withMail } from "./portal-fixture.ts";

async function admin() {
  const server = await testServer();
  const browser = await signedIn(server, "admin", "root");
  return { server, browser };
}

async function idOf(server: TestServer, name: string): Promise<string> {
  const row = await server.store.db
    .selectFrom("users")
    .select("id")
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Sends the form on the page that is open, and opens where it leads. */
async function change(browser: Browser, from: string, path: string, fields: Record<string, string> = {}) {
  await browser.open(from);
  const seen = await browser.send(path, fields);
  return seen.to === null ? seen : browser.open(seen.to);
}

describe("users", () => {
  it("are added, with faults at the field and what was typed kept", async () => {
    const { server, browser } = await admin();
    await browser.open("/admin/users/add");
    const fields = { name: "alice", displayName: "Alice A.", groups: "staff, laptops" };
    const seen = await browser.send("/admin/users/add", { ...fields, name: "ROOT" });
    expect(seen.status).toBe(400);
    expect(seen.text).toContain('aria-invalid="true"');
    expect(seen.text).toContain("looks like the existing user");
    expect(seen.text).toContain('value="Alice A."');
    const done = await change(browser, "/admin/users/add", "/admin/users/add", fields);
    expect(done.text).toContain("The user was added");
    const { text } = await browser.get("/admin/users?search=ALI");
    expect(text).toContain("laptops, staff");
    expect(text).toContain("1 entry");
    const entry = (await server.audit()).find((one) => one.kind === "user-added" && one.user === "alice");
    expect(entry).toMatchObject({ operator: "console: root" });
  });

  it("are disabled, enabled, unlocked, grouped, given a role and removed, each in the audit", async () => {
    const { server, browser } = await admin();
    await server.userWithTotp("alice");
    const at = `/admin/users/${await idOf(server, "alice")}`;
    await change(browser, at, `${at}/disable`);
    expect((await browser.get("/admin/users?state=disabled")).text).toContain("alice");
    await change(browser, at, `${at}/enable`);
    await change(browser, at, `${at}/unlock`);
    await change(browser, at, `${at}/groups`, { change: "join", group: "staff" });
    await change(browser, at, `${at}/groups`, { change: "leave", group: "staff" });
    await change(browser, at, `${at}/role`, { role: "auditor" });
    expect((await change(browser, `${at}/remove`, `${at}/remove`)).text).toContain("was removed");
    const entries = (await server.audit()).filter((one) => one.user === "alice");
    expect(entries.map((one) => one.kind).slice(2)).toEqual([
      "user-disabled",
      "user-enabled",
      "user-unlocked",
      "group-joined",
      "group-left",
      "role-changed",
      "user-removed",
    ]);
    expect(new Set(entries.slice(2).map((one) => (one as { operator?: string }).operator))).toEqual(
      new Set(["console: root"]),
    );
  });

  it("get authenticators that are shown once, and lose them", async () => {
    const { server, browser } = await admin();
    await server.userWithTotp("alice");
    const at = `/admin/users/${await idOf(server, "alice")}`;
    const totp = await change(browser, at, `${at}/authenticators`, { type: "totp" });
    expect(totp.text).toMatch(/<code class="key">[A-Z2-7 ]{39}</);
    const codes = await change(browser, at, `${at}/authenticators`, { type: "backup-codes" });
    expect(codes.text.match(/<li><code>/g)).toHaveLength(10);
    const { text } = await browser.get(at);
    expect(text).toContain("10 left");
    const one = /<code>([0-9a-f]{16})<\/code>/.exec(text)?.[1] ?? "";
    expect((await change(browser, at, `${at}/authenticators/remove`, { one })).text).not.toContain(one);
    expect((await change(browser, at, `${at}/authenticators`, { type: "none" })).status).toBe(400);
    await server.policy("tokens.types=totp", "tokens.digits=8");
    expect((await change(browser, at, `${at}/authenticators`, { type: "hotp" })).status).toBe(409);
    await change(browser, at, `${at}/authenticators`, { type: "totp" });
    expect((await browser.get(at)).text).toContain("8 digits");
  });

  it("get a one-time link that leads to this very server", async () => {
    const { server, browser } = await admin();
    await server.userWithTotp("alice");
    const at = `/admin/users/${await idOf(server, "alice")}`;
    const { text } = await change(browser, at, `${at}/set-up-link`);
    const link = /https:\/\/mfa\.example(\/set-up\?code=[A-Za-z0-9_-]{43})/.exec(text)?.[1] ?? "";
    expect((await new Browser(server).get(link)).text).toContain("Set up alice");
  });

  it("who are the last admin stay so", async () => {
    const { server, browser } = await admin();
    const at = `/admin/users/${await idOf(server, "root")}`;
    for (const [path, fields] of [
      ["role", { role: "none" }],
      ["disable", {}],
      ["remove", {}],
    ] as const) {
      const seen = await change(browser, at, `${at}/${path}`, fields);
      expect([seen.status, seen.text.includes("only admin")]).toEqual([409, true]);
    }
  });

  it("are paged and sorted by the database", async () => {
    const { server, browser } = await admin();
    for (let n = 10; n < 70; n++) await server.userWithTotp(`user-${n}`);
    const first = await browser.get("/admin/users");
    expect(first.text).toContain("61 entries");
    expect(first.text).toContain("Page 1 of 2");
    const second = await browser.get("/admin/users?page=2");
    expect(second.text.match(/<a href="\/admin\/users\/[0-9a-f]{16}">/g)).toHaveLength(11);
    expect((await browser.get("/admin/users?sort=-name")).text).toMatch(/<tbody><tr><td>.*user-69/);
    for (const query of ["?page=0", "?page=-1", "?page=99999999", "?sort=id;drop", "?state=x", "?search=%25"])
      expect((await browser.get(`/admin/users${query}`)).status).toBe(200);
  });
});

describe("machines", () => {
  it("that had no room for events say how many", async () => {
    const { server, browser } = await admin();
    const laptop = await server.machine("laptop");
    const atMs = server.clock.wallMs();
    const dropped = { counts: { "sign-in-denied": 41 }, fromMs: atMs, throughMs: atMs };
    laptop.event("events-dropped", { dropped });
    await laptop.sync();
    const page = await browser.get(`/admin/machines/${laptop.id}`);
    expect(page.text).toContain("41 events dropped on the machine");
  });

  it("are shown with what they say of themselves, exempted, cleared of flags, revoked", async () => {
    const { server, browser } = await admin();
    const laptop = await server.machine("laptop-7");
    await laptop.send("probe", laptop.asking());
    laptop.sequence = 0;
    await laptop.send("probe", laptop.asking());
    expect(await flags(server, laptop)).toEqual(["sequence-conflict"]);
    const list = await browser.get("/admin/machines?state=flagged&search=LAPTOP");
    expect(list.text).toContain("laptop-7");
    const at = `/admin/machines/${laptop.id}`;
    expect((await browser.get(at)).text).toContain("a replay, a clone or a restored copy");
    await change(browser, at, `${at}/clear-flags`);
    expect(await flags(server, laptop)).toEqual([]);
    await change(browser, at, `${at}/exempt`, { exempt: "yes" });
    expect((await theMachine(server.store.db, laptop.id)).exempt).toBe(1);
    await change(browser, at, `${at}/exempt`, { exempt: "no" });
    await change(browser, at, `${at}/tags`, { change: "add", tag: "field" });
    expect((await browser.get(at)).text).toContain('name="tag" value="field"');
    expect((await change(browser, at, `${at}/tags`, { change: "add", tag: "no tag" })).status).toBe(400);
    await change(browser, at, `${at}/tags`, { change: "remove", tag: "field" });
    expect(await tagsOf(server.store.db, laptop.id)).toEqual([]);
    const done = await change(browser, `${at}/revoke`, `${at}/revoke`);
    expect(done.text).toContain("erases itself at its next contact");
    expect((await theMachine(server.store.db, laptop.id)).revokedAtMs).not.toBeNull();
    expect((await browser.get("/admin/machines?state=in-use")).text).not.toContain("laptop-7");
  });

  it("have the help desk's answer on their page, for whoever is on the phone", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
    const browser = await signedIn(server, "help-desk", "helen");
    const at = `/admin/machines/${laptop.id}`;
    const wrong = await change(browser, at, `${at}/unlock-user`, { user: "alice", challenge: "12" });
    expect([wrong.status, wrong.text.includes("8 digits")]).toEqual([400, true]);
    const nobody = await change(browser, at, `${at}/unlock-user`, { user: "x", challenge: "12345678" });
    expect(nobody.status).toBe(404);
    const seen = await change(browser, at, `${at}/unlock-user`, { user: "alice", challenge: "1234 5678" });
    const answer = /<p class="answer">([0-9 ]+)</.exec(seen.text)?.[1] ?? "";
    expect(answer).toBe(inGroups(answer.replaceAll(" ", "")));
    expect((await server.audit()).at(-1)).toMatchObject({
      kind: "help-desk-answered",
      detail: { operator: "helen" },
      operator: "console: helen",
    });
  });
});

describe("join tokens", () => {
  it("are made, good for a machine, listed by id and taken back", async () => {
    const { server, browser } = await admin();
    const bad = await change(browser, "/admin/join-tokens", "/admin/join-tokens", { uses: "0", hours: "x" });
    expect(bad.status).toBe(400);
    expect(bad.text.match(/give a whole number/g)).toHaveLength(2);
    const fields = { uses: "2", hours: "1", tags: "field, sales" };
    const { text } = await change(browser, "/admin/join-tokens", "/admin/join-tokens", fields);
    const token = /<p class="card"><code>([^<]+)</.exec(text)?.[1] ?? "";
    const laptop = await server.machine();
    await expect(laptop.join(token)).resolves.toBeDefined();
    const list = await browser.get("/admin/join-tokens");
    expect(list.text).toContain("of 2");
    expect(list.text).toContain("field, sales");
    expect(list.text).not.toContain(token);
    const [id = ""] = /[^/]+(?=\/remove")/.exec(list.text) ?? [];
    await browser.send(`/admin/join-tokens/${id}/remove`);
    expect((await browser.get("/admin/join-tokens")).text).not.toContain(id);
  });
});

describe("what needs a recent code", () => {
  it("asks for one after five minutes, and leads back", async () => {
    const server = await testServer();
    const root = await person(server, "root", "admin");
    await server.userWithTotp("alice");
    const browser = new Browser(server);
    const { name, password, secret } = root;
    await browser.post("/admin/sign-in", { name, password, code: codeOf(server, secret) });
    server.clock.pass(5 * 60_000);
    const at = `/admin/users/${await idOf(server, "alice")}/remove`;
    const asked = await browser.get(at);
    expect(asked.to).toBe(`/admin/confirm?to=${encodeURIComponent(at)}`);
    expect((await browser.open(at)).text).toContain("needs a fresh code");
    expect((await browser.send(at)).asks).toBe("/admin/confirm");
    expect(await idOf(server, "alice")).toBeDefined();
    const seen = await browser.send("/admin/confirm", { code: codeOf(server, secret), to: at });
    expect(seen.to).toBe(at);
    await browser.open(at);
    expect((await browser.send(at)).to).toContain("/admin/users");
    await expect(idOf(server, "alice")).rejects.toThrow();
  });
});

describe("the overview", () => {
  it("counts sign-ins by day, online, offline and refused, as figures for the plot and as a table", async () => {
    const { server, browser } = await admin();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
    await laptop.verify("alice", ["000000"]);
    laptop.event("sign-in-granted", { user: "alice", offline: true, service: 'x"offline":true' });
    laptop.event("sign-in-granted", { user: "alice", service: 'x"offline":true' });
    await laptop.sync();
    // Counted when the overview was opened, and not again within the minute.
    expect(JSON.parse((await browser.get("/admin/sign-ins.json")).text).online.at(-1)).toBe(0);
    server.clock.pass(60_000);
    const seen = await browser.get("/admin/sign-ins.json");
    expect(seen.headers.get("content-type")).toContain("application/json");
    const figures = JSON.parse(seen.text);
    expect(figures.atSeconds).toHaveLength(30);
    expect(figures.atSeconds.at(-1) * 1_000).toBe(Math.floor(server.clock.nowMs / dayMs) * dayMs);
    expect([figures.online.at(-1), figures.offline.at(-1), figures.failed.at(-1)]).toEqual([2, 1, 1]);
    server.clock.pass(6 * dayMs);
    const again = await signedIn(server, "auditor", "someone");
    expect((await again.get("/admin")).text).toContain("Enrolments about to expire");
    expect(JSON.parse((await again.get("/admin/sign-ins.json")).text).offline.at(-7)).toBe(1);
  });
});

describe("settings", () => {
  it("are listed, and there is no page of one that is not", async () => {
    const { browser } = await admin();
    const { text } = await browser.get("/admin/settings");
    for (const page of settingsPages) {
      expect(text).toContain(`/admin/settings/${page.slug}`);
      expect((await browser.get(`/admin/settings/${page.slug}`)).status).toBe(200);
    }
    expect((await browser.get("/admin/settings/nothing")).status).toBe(404);
    await browser.get("/admin/settings");
    expect((await browser.send("/admin/settings/nothing/test")).status).toBe(404);
  });
});

describe("a page that was left open", () => {
  it("of a user or a machine that is gone says so", async () => {
    const { server, browser } = await admin();
    server.clock.pass(hourMs / 60);
    for (const path of ["/admin/users/0123456789abcdef", "/admin/machines/NOTHING", "/admin/users/%0A"])
      expect((await browser.get(path)).status).toBe(404);
  });
});

describe("self-provisioning", () => {
  it("is set on a page of its own, with the fault at its field", async () => {
    const { server, browser } = await admin();
    const page = "/admin/settings/provisioning";
    await browser.open(page);
    const fields = {
      who: "groups",
      groups: "sales, it",
      mailCode: "off",
      invitationHours: "24",
      pendingMinutes: "30",
      types: "totp,hotp",
      algorithm: "sha256",
      digits: "8",
      periodSeconds: "60",
    };
    const bad = await browser.send(page, { ...fields, periodSeconds: "5" });
    expect([bad.status, bad.text.includes('id="f-periodSeconds-fault"')]).toEqual([400, true]);
    await change(browser, page, page, fields);
    expect(await readSetting(server.store.db, provisioningSetting)).toEqual({
      who: "groups",
      groups: ["sales", "it"],
      mailCode: false,
      invitationHours: 24,
      pendingMinutes: 30,
      types: ["totp", "hotp"],
      algorithm: "sha256",
      digits: 8,
      periodSeconds: 60,
    });
  });

  it("is what an invitation is for, by mail and in the admin's name", async () => {
    const { server, browser } = await admin();
    await withMail(server);
    await plainUser(server, "alice");
    const path = `/admin/users/${await idOf(server, "alice")}`;
    await browser.open(path);
    expect((await browser.send(`${path}/invite`)).status).toBe(409);
    await addressFor(server, "alice", "alice@corp.example");
    const seen = await change(browser, path, `${path}/invite`);
    expect(seen.text).toContain("An invitation to add an authenticator is on its way");
    expect((await newestInvitation(server)).url).toContain("https://mfa.example/portal/invitation?link=");
    const entry = (await server.audit()).find(({ kind }) => kind === "invitation-created");
    expect(entry).toMatchObject({ user: "alice", operator: "console: root" });
  });
});
