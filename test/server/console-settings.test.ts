// The console's pages about warnings, the weekly report and text messages, with a real gateway behind the button.

import { describe, expect, it } from "vitest";
import { setAddress } from "../../server/mail/addresses.ts";
import { gatewayRoute, gatewaySetting } from "../../server/mail/gateway-setting.ts";
import { changeMail } from "../../server/mail/settings.ts";
import { warningsSetting } from "../../server/mail/warnings-setting.ts";
import { weeklySetting } from "../../server/mail/weekly-setting.ts";
import { readSetting } from "../../server/settings/settings.ts";
import { chooseLanguage } from "../../server/users/language.ts";
import { theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { signedIn } from "./browser.ts";
import { testServer } from "./fixture.ts";
import { gatewayPeer } from "./mail/post.ts";
import { queued } from "./mail/queued.ts";

const at = (slug: string) => `/admin/settings/${slug}`;
const smsFields = {
  url: "https://sms.corp.example/send",
  method: "POST",
  format: "json",
  body: '{"to":"{to}","text":"{text}"}',
  headerName: "X-Key",
  header: "",
  ca: "",
};
const key = "Bearer of good news";

async function site() {
  const server = await testServer();
  const browser = await signedIn(server, "admin", "root");
  await browser.open(at("warnings"));
  const audited = async (kind: string) => (await server.audit()).filter((entry) => entry.kind === kind);
  return { server, browser, audited };
}

async function withAddress(server: Awaited<ReturnType<typeof testServer>>, name: string) {
  await server.store.write(async (tx) => {
    await changeMail(tx, server.vault, { host: "mail.example", from: "n@corp.example" }, server.clock.nowMs);
    const user = await theUser(tx, name);
    await setAddress(tx, user, "mail-1", `${name}@corp.example`, server.clock.nowMs);
  });
}

describe("warnings before offline use ends", () => {
  it("are set in the admin's name, and the page says while mail is off", async () => {
    const { server, browser, audited } = await site();
    expect((await browser.open(at("warnings"))).text).toContain("Mail is off");
    expect((await browser.send(at("warnings"), { days: "5" })).status).toBe(303);
    expect(await readSetting(server.store.db, warningsSetting)).toEqual({ days: 5 });
    expect((await browser.open(at("warnings"))).text).toContain('value="5"');
    expect(await audited("setting-changed")).toMatchObject([
      { operator: "console: root", detail: { setting: "warnings", changed: ["days"] } },
    ]);
    await withAddress(server, "root");
    expect((await browser.open(at("warnings"))).text).not.toContain("Mail is off");
  });

  it.each(["", "31", "-1", "2.5", "two"])("refuse %j days, with the fault there", async (days) => {
    const { server, browser } = await site();
    const { status, text } = await browser.send(at("warnings"), { days });
    expect([status, text.includes('id="f-days-fault"')]).toEqual([400, true]);
    expect(await readSetting(server.store.db, warningsSetting)).toEqual(warningsSetting.whenUnset);
  });
});

describe("the weekly report", () => {
  it("is set by day and hour", async () => {
    const { server, browser } = await site();
    expect((await browser.send(at("weekly-report"), { day: "monday", hour: "7" })).status).toBe(303);
    expect(await readSetting(server.store.db, weeklySetting)).toEqual({ day: "monday", hour: 7 });
    for (const wrong of [{ day: "someday", hour: "7" }, { day: "monday", hour: "24" }, { day: "monday" }])
      expect((await browser.send(at("weekly-report"), wrong)).status).toBe(400);
    expect(await readSetting(server.store.db, weeklySetting)).toEqual({ day: "monday", hour: 7 });
  });

  it("is shown as it would go out now, in the reader's language, with others' names as text", async () => {
    const { server, browser } = await site();
    await server.store.write(async (tx) => {
      const { id } = await theUser(tx, "root");
      await chooseLanguage(tx, id, "de");
      await tx
        .updateTable("users")
        .set({ lockedUntilMs: server.clock.nowMs + minuteMs })
        .execute();
    });
    const clone = await server.machine("<img src=x>");
    await server.store.db
      .updateTable("machines")
      .set({ flags: '["event-gap"]' })
      .where("id", "=", clone.id)
      .execute();
    const { text } = await browser.open(at("weekly-report"));
    const shown = /<article[^>]*lang="de"[^>]*>.*?<\/article>/s.exec(text)?.[0] ?? "";
    expect(shown).toContain("– root");
    expect(shown).toContain("&lt;img src=x&gt;");
    expect(shown).not.toContain("<img src");
  });

  it("is sent at once to oneself or to all admins, what was shown, and is no week's own", async () => {
    const { server, browser, audited } = await site();
    await signedIn(server, "admin", "rita");
    await signedIn(server, "auditor", "audrey");
    for (const name of ["root", "rita", "audrey"]) await withAddress(server, name);
    await browser.open(at("weekly-report"));
    const send = (to: string) => browser.send(`${at("weekly-report")}/send`, { to });
    expect((await send("me")).text).toContain("on its way to one address");
    expect((await queued(server)).map(({ recipient }) => recipient)).toEqual(["root@corp.example"]);
    expect((await send("admins")).text).toContain("on its way to 2 addresses");
    const sent = await queued(server);
    expect(sent.map(({ recipient }) => recipient).sort()).toEqual([
      "rita@corp.example",
      "root@corp.example",
      "root@corp.example",
    ]);
    expect((await send("everybody")).status).toBe(409);
    expect(await audited("weekly-report-sent")).toMatchObject([
      { operator: "console: root", detail: { mails: 1 } },
      { operator: "console: root", detail: { mails: 2 } },
    ]);
    const notices = await server.store.db.selectFrom("notices").selectAll().execute();
    expect(notices).toEqual([]);
  });

  it("is not sent while mail is off, nor to nobody", async () => {
    const { server, browser, audited } = await site();
    await browser.open(at("weekly-report"));
    const send = () => browser.send(`${at("weekly-report")}/send`, { to: "me" });
    expect(await send()).toMatchObject({ status: 409, text: expect.stringContaining("ail is off") });
    await server.store.write((tx) =>
      changeMail(tx, server.vault, { host: "mail.example", from: "n@corp.example" }, server.clock.nowMs),
    );
    expect(await send()).toMatchObject({ status: 409, text: expect.stringContaining("here is no address") });
    expect(await audited("weekly-report-sent")).toEqual([]);
  });
});

describe("text messages", () => {
  it("are set, and the header's value is never shown", async () => {
    const { server, browser, audited } = await site();
    const { store, vault } = server;
    expect((await browser.send(at("sms"), { ...smsFields, header: key })).status).toBe(303);
    const clear = async () => (await gatewayRoute(store.db, vault))?.header?.use((text) => text);
    expect(await clear()).toBe(key);
    const { text } = await browser.open(at("sms"));
    expect(text).toContain("One is set.");
    expect(text).not.toContain(key);
    expect(text).not.toContain((await readSetting(store.db, gatewaySetting)).sealedHeader);
    expect(JSON.stringify(await audited("setting-changed"))).not.toContain(key);
    expect((await browser.send(at("sms"), { ...smsFields, method: "PUT" })).status).toBe(303);
    expect(await clear()).toBe(key);
    const elsewhere = await browser.send(at("sms"), { ...smsFields, url: "https://evil.example/" });
    expect([elsewhere.status, elsewhere.text.includes('id="f-header-fault"')]).toEqual([400, true]);
    expect((await browser.send(at("sms"), { ...smsFields, url: "" })).status).toBe(303);
    const off = await readSetting(store.db, gatewaySetting);
    expect(off).toMatchObject({ url: "", headerName: "", sealedHeader: "" });
  });

  it.each([
    ["url", "http://sms.corp.example/"],
    ["url", "https://user:word@sms.corp.example/"],
    ["method", "DELETE"],
    ["format", "xml"],
    ["body", '{"to":"{to}"}'],
    ["headerName", "X: y"],
    ["headerName", ""],
    ["ca", "no certificate"],
  ])("refuse %s=%j, with the fault there and the key in no answer", async (name, value) => {
    const { server, browser } = await site();
    const { status, text } = await browser.send(at("sms"), { ...smsFields, header: key, [name]: value });
    expect([status, text.includes(`id="f-${name}-fault"`)]).toEqual([400, true]);
    expect(text).not.toContain(key);
    expect(await readSetting(server.store.db, gatewaySetting)).toEqual(gatewaySetting.whenUnset);
  });

  it("are tried by a button: audited first, and what the gateway said in plain words", async () => {
    const { browser, audited } = await site();
    const peer = await gatewayPeer();
    const to = (path: string) => ({
      ...smsFields,
      url: `http://127.0.0.1:${peer.port}/${path}`,
      header: key,
    });
    const test = () => browser.send(`${at("sms")}/test`, { to: "+49 30 1234567" });
    await browser.open(at("sms"));
    expect((await test()).text).toContain("ext messages are off");
    await browser.send(at("sms"), to("taken"));
    expect(await test()).toMatchObject({ status: 200, text: expect.stringContaining("to +49301234567.") });
    const [request] = await peer.until(({ event }) => event === "request");
    expect(request?.headers).toMatchObject({ "x-key": key });
    await browser.send(at("sms"), to("503"));
    const refused = await test();
    expect([refused.status, refused.text.includes("he gateway refused (503)")]).toEqual([409, true]);
    expect(refused.text).not.toContain("secret things");
    expect((await browser.send(`${at("sms")}/test`, { to: "<script>" })).status).toBe(409);
    expect(await audited("sms-tried")).toMatchObject([
      { operator: "console: root", detail: { to: "+49301234567" } },
      { operator: "console: root" },
    ]);
  });
});

describe("each of these pages", () => {
  const sent = [
    [at("warnings"), { days: "9" }],
    [at("weekly-report"), { day: "monday", hour: "7" }],
    [`${at("weekly-report")}/send`, { to: "admins" }],
    [at("sms"), { ...smsFields, header: key }],
    [`${at("sms")}/test`, { to: "+49301234567" }],
  ] as const;

  it("is an auditor's to read and an admin's with a recent code to change, and no help desk's", async () => {
    const { server, browser } = await site();
    const auditor = await signedIn(server, "auditor", "audrey");
    const helper = await signedIn(server, "help-desk", "henry");
    for (const slug of ["warnings", "weekly-report", "sms"]) {
      const seen = await auditor.open(at(slug));
      expect([slug, seen.status, seen.text.includes(">Save<")]).toEqual([slug, 200, false]);
      expect((await helper.open(at(slug))).status).toBe(403);
    }
    for (const [path, fields] of sent) {
      expect([path, (await auditor.send(path, fields)).status]).toEqual([path, 403]);
      await helper.open("/admin");
      expect([path, (await helper.send(path, fields)).status]).toEqual([path, 403]);
    }
    server.clock.pass(6 * minuteMs);
    for (const [path, fields] of sent) expect((await browser.send(path, fields)).asks).toBe("/admin/confirm");
    const stored = await server.store.db.selectFrom("settings").select("name").execute();
    expect(stored).toEqual([]);
  });
});
