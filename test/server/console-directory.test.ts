// The console's page of the directory: what it keeps, what it refuses and who may. With a real directory: ../peers/.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { activeDirectory, directorySetting, theDirectory } from "../../server/directory/settings.ts";
import { readSetting } from "../../server/settings/settings.ts";
import { minuteMs } from "../../words/clock.ts";
import { makeCertificates } from "../attack/certificates.ts";
import { signedIn } from "./browser.ts";
import { directoryForm } from "./directory-form.ts";
import { temporaryFolder, testServer, type TestServer } from "./fixture.ts";

const page = "/admin/settings/directory";
const password = "correct horse battery";
const fields = {
  ...directoryForm,
  url: "ldaps://directory.corp.example",
  bindDn: "cn=reader,dc=corp,dc=example",
  userBase: "ou=people,dc=corp,dc=example",
};

async function site(role: "admin" | "auditor" | "help-desk" = "admin") {
  const server = await testServer();
  const browser = await signedIn(server, role, "root");
  await browser.open(page);
  const stored = () => readSetting(server.store.db, directorySetting);
  const clear = async () => (await theDirectory(server.store.db, server.vault)).password.use((text) => text);
  const audited = async (kind: string) => (await server.audit()).filter((entry) => entry.kind === kind);
  return { server, browser, stored, clear, audited };
}

describe("the directory's setting", () => {
  it("is saved in the admin's name, and its password is never shown", async () => {
    const { browser, stored, clear, audited } = await site();
    const groupMap = "Domain Admins=admins\r\nCN=Staff,DC=corp=staff";
    const sent = { ...fields, password, groupMap, groups: "memberOf", everyMinutes: "30" };
    expect((await browser.send(page, sent)).status).toBe(303);
    expect(await stored()).toMatchObject({
      url: fields.url,
      groups: "memberOf",
      groupMap: { "Domain Admins": "admins", "CN=Staff,DC=corp": "staff" },
      everyMinutes: 30,
      startTls: false,
    });
    expect(await clear()).toBe(password);
    const { text } = await browser.open(page);
    expect(text).toContain("One is set.");
    expect(text).toContain("Domain Admins=admins\nCN=Staff,DC=corp=staff</textarea>");
    for (const hidden of [password, (await stored()).sealedPassword]) expect(text).not.toContain(hidden);
    const told = await audited("setting-changed");
    expect(told).toMatchObject([{ operator: "console: root", detail: { setting: "directory" } }]);
    expect(JSON.stringify(told)).not.toContain(password);
  });

  it("keeps its password where none is typed, and asks for it where it would go elsewhere", async () => {
    const { browser, stored, clear } = await site();
    await browser.send(page, { ...fields, password });
    expect((await browser.send(page, { ...fields, pageSize: "100" })).status).toBe(303);
    expect(await clear()).toBe(password);
    const before = await stored();
    const ca = readFileSync((await makeCertificates(temporaryFolder())).caFile, "utf8");
    for (const change of [
      { url: "ldaps://evil.example" },
      { url: "ldaps://directory.corp.example:1636" },
      { url: "ldap://127.0.0.1" },
      { startTls: "yes" },
      { bindDn: "cn=other,dc=corp,dc=example" },
      { ca },
    ])
      for (const path of [page, `${page}/look`]) {
        const seen = await browser.send(path, { ...fields, ...change });
        expect([change, seen.status, seen.text.includes('id="f-password-fault"')]).toEqual([
          change,
          400,
          true,
        ]);
        expect(await stored()).toEqual(before);
      }
    expect((await browser.send(page, { ...fields, bindDn: "" })).status).toBe(303);
    expect(await stored()).toMatchObject({ bindDn: "", sealedPassword: "" });
    expect((await browser.open(page)).text).toContain("None is set.");
  });

  it("is off without an address, and forgets the password then", async () => {
    const { browser, stored } = await site();
    await browser.send(page, { ...fields, password });
    expect((await browser.send(page, { ...fields, url: "" })).status).toBe(303);
    expect(await stored()).toMatchObject({ url: "", bindDn: "", sealedPassword: "" });
    for (const [path, sent, said] of [
      ["look", { ...fields, url: "" }, "say which directory"],
      ["sync", { force: "no" }, "o directory is set"],
    ] as const) {
      const seen = await browser.send(`${page}/${path}`, sent);
      expect([path, seen.status >= 400, seen.text.includes(said)]).toEqual([path, true, true]);
    }
  });

  it.each([
    ["url", "http://directory.corp.example"],
    ["url", "ldaps://user:pw@directory.corp.example"],
    ["startTls", "maybe"],
    ["ca", "no certificate"],
    ["bindDn", ""],
    ["userBase", ""],
    ["userFilter", "uid=*"],
    ["nameAttribute", ""],
    ["idAttribute", "a b"],
    ["emailAttribute", "<script>alert(1)</script>"],
    ["accountControl", ""],
    ["groups", "all"],
    ["groupFilter", ""],
    ["nestedGroups", "21"],
    ["groupMap", "Staff=*"],
    ["pageSize", "0"],
    ["pageSize", "many"],
    ["mostDisabledPercent", "101"],
    ["everyMinutes", "-1"],
  ])(
    "refuses %s=%j, saved or looked at, with the fault there and the password in no answer",
    async (name, value) => {
      const { browser, stored } = await site();
      // Nobody's password goes with nobody.
      const sent = { ...fields, password, [name]: value };
      if (name === "bindDn") {
        sent.password = "";
        sent.bindDn = "cn=reader,dc=corp,dc=example";
      }
      for (const path of [page, `${page}/look`]) {
        const { status, text } = await browser.send(path, sent);
        expect([status, text.includes(`id="f-${name}-fault"`)]).toEqual([400, true]);
        for (const hidden of [password, "<script>alert"]) expect(text).not.toContain(hidden);
        expect(await stored()).toEqual(directorySetting.whenUnset);
      }
    },
  );

  it("of plain text to another host, or of groups that are nowhere, is refused", async () => {
    const { browser, stored } = await site();
    const plain = await browser.send(page, { ...fields, password, url: "ldap://directory.corp.example" });
    expect([plain.status, plain.text.includes('id="f-startTls-fault"')]).toEqual([400, true]);
    const nowhere = await browser.send(page, { ...fields, password, groups: "member" });
    expect([nowhere.status, nowhere.text.includes('id="f-groupBase-fault"')]).toEqual([400, true]);
    const { bindDn: _, ...short } = fields;
    expect((await browser.send(page, { ...short, password })).status).toBe(400);
    expect((await browser.send(page, { ...fields, password, sealedPassword: "x" })).status).toBe(400);
    expect(await stored()).toEqual(directorySetting.whenUnset);
  });

  it("is filled in with what fits Active Directory, beside what was typed, and not saved", async () => {
    const { browser, stored } = await site();
    const { status, text } = await browser.send(`${page}/active-directory`, { ...fields, password });
    expect(status).toBe(200);
    for (const shown of [
      fields.url,
      "sAMAccountName",
      "objectGUID",
      activeDirectory.displayNameAttribute ?? "?",
    ])
      expect(text).toContain(`value="${shown}"`);
    expect(text).toContain('<option value="memberOf" selected>');
    expect(text).not.toContain(password);
    expect(await stored()).toEqual(directorySetting.whenUnset);
  });
});

/** Its session ends while this directory is asked, which then breaks off. */
async function endingTheSession(server: TestServer): Promise<string> {
  const silent = createServer((socket) => {
    void server.store.db
      .deleteFrom("sessions")
      .execute()
      .then(() => socket.destroy());
  });
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  onTestFinished(() => void silent.close());
  return `ldap://127.0.0.1:${(silent.address() as AddressInfo).port}`;
}

describe("what fails when its session has ended meanwhile is in the audit with whose it was:", () => {
  it("a look", async () => {
    const { server, browser, audited } = await site();
    const url = await endingTheSession(server);
    await browser.send(`${page}/look`, { ...fields, url, password });
    expect(await audited("directory-tried")).toMatchObject([
      { operator: "console: root", detail: { url, reason: expect.any(String) } },
    ]);
  });

  it("a sync", async () => {
    const { server, browser, audited } = await site();
    const url = await endingTheSession(server);
    expect((await browser.send(page, { ...fields, url, password })).status).toBe(303);
    await browser.send(`${page}/sync`, { force: "no" });
    expect(await audited("directory-not-synchronised")).toMatchObject([
      { operator: "console: root", detail: { reason: expect.any(String) } },
    ]);
  });
});

describe("who may", () => {
  it("is an admin with a recent code", async () => {
    const { server, browser, stored } = await site();
    server.clock.pass(6 * minuteMs);
    for (const path of [page, `${page}/look`, `${page}/sync`, `${page}/active-directory`])
      expect((await browser.send(path, { ...fields, password })).asks).toBe("/admin/confirm");
    expect(await stored()).toEqual(directorySetting.whenUnset);
  });

  it.each(["auditor", "help-desk"] as const)("is not the %s", async (role) => {
    const { browser, stored, audited } = await site(role);
    const { status, text } = await browser.open(page);
    expect(status).toBe(role === "auditor" ? 200 : 403);
    for (const label of ["Synchronise now", "See what would change", ">Save<"])
      expect(text).not.toContain(label);
    for (const path of [page, `${page}/look`, `${page}/sync`, `${page}/active-directory`])
      expect((await browser.send(path, { ...fields, password })).status).toBe(403);
    expect(await stored()).toEqual(directorySetting.whenUnset);
    expect(await audited("directory-tried")).toEqual([]);
  });
});
