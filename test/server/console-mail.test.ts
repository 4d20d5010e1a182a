// The console's page about mail: a real mail server is at the other end of its button.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mailRoute, mailSetting } from "../../server/mail/settings.ts";
import { readSetting } from "../../server/settings/settings.ts";
import { minuteMs } from "../../words/clock.ts";
import { makeCertificates } from "../attack/certificates.ts";
import { signedIn } from "./browser.ts";
import { temporaryFolder, testServer } from "./fixture.ts";
import { mailPeer } from "./mail/post.ts";

const page = "/admin/settings/mail";
const password = "correct horse battery";
const fields = {
  host: "mail.corp.example",
  port: "587",
  security: "starttls",
  user: "nightlatch",
  password: "",
  ca: "",
  from: "nightlatch@corp.example",
  fromName: "Nightlatch",
  replyTo: "",
  language: "de",
};

async function admin() {
  const server = await testServer();
  const browser = await signedIn(server, "admin", "root");
  await browser.open(page);
  const stored = () => readSetting(server.store.db, mailSetting);
  const clear = async () => (await mailRoute(server.store.db, server.vault))?.password?.use((text) => text);
  const audited = async (kind: string) => (await server.audit()).filter((entry) => entry.kind === kind);
  return { server, browser, stored, clear, audited };
}

describe("the mail setting", () => {
  it("is saved in the admin's name, and its password is never shown", async () => {
    const { browser, stored, clear, audited } = await admin();
    expect((await browser.send(page, { ...fields, password })).status).toBe(303);
    expect(await stored()).toMatchObject({ host: "mail.corp.example", user: "nightlatch", language: "de" });
    expect(await clear()).toBe(password);
    const { text } = await browser.open(page);
    expect(text).toContain('value="mail.corp.example"');
    expect(text).toContain("One is set.");
    expect(text).not.toContain(password);
    expect(text).not.toContain((await stored()).sealedPassword);
    const told = await audited("setting-changed");
    expect(told).toMatchObject([{ operator: "console: root", detail: { setting: "mail" } }]);
    expect(JSON.stringify(told)).not.toContain(password);
  });

  it("keeps its password where none is typed, and asks for it where mail would go elsewhere", async () => {
    const { browser, stored, clear } = await admin();
    await browser.send(page, { ...fields, password });
    expect((await browser.send(page, { ...fields, fromName: "Sign-in" })).status).toBe(303);
    expect(await clear()).toBe(password);
    const before = await stored();
    const ca = readFileSync((await makeCertificates(temporaryFolder())).caFile, "utf8");
    for (const change of [
      { host: "evil.example" },
      { port: "588" },
      { security: "tls" },
      { security: "none", host: "127.0.0.1" },
      { ca },
    ]) {
      const seen = await browser.send(page, { ...fields, ...change });
      expect([change, seen.status, seen.text.includes('id="f-password-fault"')]).toEqual([change, 400, true]);
      expect(await stored()).toEqual(before);
    }
    expect((await browser.send(page, { ...fields, port: "588", password })).status).toBe(303);
    expect((await stored()).port).toBe(588);
  });

  it("is off without a server, and forgets the password then", async () => {
    const { browser, stored } = await admin();
    await browser.send(page, { ...fields, password });
    expect((await browser.send(page, { ...fields, host: "" })).status).toBe(303);
    expect(await stored()).toMatchObject({ host: "", user: "", sealedPassword: "" });
  });

  it.each([
    ["host", "a b"],
    ["port", "0"],
    ["port", "587x"],
    ["security", "none"],
    ["security", "some"],
    ["ca", "no certificate"],
    ["from", ""],
    ["from", "<script>alert(1)</script>"],
    ["fromName", "two\nlines"],
    ["replyTo", "nobody"],
    ["language", "xx"],
    ["user", ""],
  ])("refuses %s=%j, with the fault there and the password in no answer", async (name, value) => {
    const { browser, stored } = await admin();
    const sent = { ...fields, password, [name]: value };
    const { status, text } = await browser.send(page, sent);
    expect([status, text.includes(`id="f-${name}-fault"`)]).toEqual([400, true]);
    expect(text).not.toContain(password);
    expect(text).not.toContain("<script>alert");
    expect(await stored()).toEqual(mailSetting.whenUnset);
  });

  it("takes a recent code of an admin, and so does its button", async () => {
    const { server, browser, stored, audited } = await admin();
    server.clock.pass(6 * minuteMs);
    for (const path of [page, `${page}/test`])
      expect((await browser.send(path, { ...fields, to: "alice@corp.example" })).asks).toBe("/admin/confirm");
    const auditor = await signedIn(server, "auditor", "audrey");
    expect((await auditor.open(page)).text).not.toContain('name="to"');
    for (const path of [page, `${page}/test`])
      expect((await auditor.send(path, { ...fields, to: "alice@corp.example" })).status).toBe(403);
    expect(await stored()).toEqual(mailSetting.whenUnset);
    expect(await audited("mail-tried")).toEqual([]);
  });
});

describe("the test mail", () => {
  const local = (port: number) => ({
    ...fields,
    host: "127.0.0.1",
    port: String(port),
    security: "none",
    user: "",
  });

  it("goes where it is said to, at once, in the admin's name", async () => {
    const { browser, audited } = await admin();
    const peer = await mailPeer({});
    await browser.send(page, local(peer.port));
    const { status, text } = await browser.send(`${page}/test`, { to: "alice@corp.example" });
    expect([status, text.includes("has taken the mail to alice@corp.example")]).toEqual([200, true]);
    const [mail] = await peer.until(({ event }) => event === "mail");
    expect(mail).toMatchObject({ to: "alice@corp.example" });
    expect(await audited("mail-tried")).toMatchObject([
      { operator: "console: root", detail: { to: "alice@corp.example" } },
    ]);
  });

  it("says in plain words what the mail server said, without its text", async () => {
    const { browser } = await admin();
    const peer = await mailPeer({});
    await browser.send(page, local(peer.port));
    const { status, text } = await browser.send(`${page}/test`, { to: "unknown@corp.example" });
    expect([status, text.includes("he mail server refused the recipient (550 5.1.1)")]).toEqual([409, true]);
    expect(text).not.toContain("no unknown@");
  });

  it("is not sent to what is no address, nor while mail is off", async () => {
    const { browser, audited } = await admin();
    expect((await browser.send(`${page}/test`, { to: "alice@corp.example" })).text).toContain("ail is off");
    for (const to of ["", "alice", "a@b.example\r\nBcc: c@d.example", "<script>alert(1)</script>@x"]) {
      const seen = await browser.send(`${page}/test`, { to });
      expect([to, seen.status, seen.text.includes("<script>alert")]).toEqual([to, 409, false]);
    }
    expect(await audited("mail-tried")).toEqual([]);
  });
});
