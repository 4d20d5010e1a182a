// The console's page of the directory with a real slapd behind its buttons.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { directorySetting } from "../../server/directory/settings.ts";
import { makeDevCertificate } from "../../server/listen/dev-ca.ts";
import { readSetting } from "../../server/settings/settings.ts";
import { signedIn } from "../server/browser.ts";
import { directoryForm } from "../server/directory-form.ts";
import { temporaryFolder, testServer } from "../server/fixture.ts";
import { freePort } from "./daemon.ts";
import {
  base,
  bindDn,
  type DirectoryServer,
  group,
  password,
  person,
  personDn,
  startDirectory,
} from "./directory-server.ts";

const page = "/admin/settings/directory";

let ldap: DirectoryServer;
let tlsPort: number;
beforeEach(async () => {
  tlsPort = await freePort();
  ldap = await startDirectory(tlsPort);
  ldap.change(person("alice", ["cn: Alice A", "mail: alice@corp.example"]));
  ldap.change(person("bob"));
  ldap.change(person("carl"));
  ldap.change(group("staff", [personDn("alice"), personDn("bob")]));
});
afterEach(() => ldap.stop());

async function site() {
  const server = await testServer();
  const browser = await signedIn(server, "admin", "root");
  await browser.open(page);
  const fields = {
    ...directoryForm,
    url: `ldap://localhost:${ldap.place.port}`,
    bindDn,
    password,
    userBase: `ou=people,${base}`,
    groups: "memberOf",
    groupBase: `ou=groups,${base}`,
  };
  const users = async () =>
    (await server.store.db.selectFrom("users").select(["name", "disabledAtMs"]).orderBy("name").execute())
      .filter(({ name }) => name !== "root")
      .map(({ name, disabledAtMs }) => (disabledAtMs === null ? name : `${name} (disabled)`));
  const look = (more: Record<string, string> = {}) => browser.send(`${page}/look`, { ...fields, ...more });
  const sync = (force = "no") => browser.send(`${page}/sync`, { force });
  const audited = async (kind: string) => (await server.audit()).filter((entry) => entry.kind === kind);
  return { server, browser, fields, users, look, sync, audited };
}

/** The cells of the row that begins so. */
function row(text: string, first: string): string[] {
  const found = [...text.matchAll(/<tr>(.*?)<\/tr>/gs)].find(([, cells]) =>
    cells?.includes(`<td>${first}</td>`),
  );
  return [...(found?.[1] ?? "").matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell]) => cell ?? "");
}

describe("a look", () => {
  it("says who would come before anything is saved, and keeps nothing", async () => {
    const { server, look, users, audited } = await site();
    const { status, text } = await look();
    expect(status).toBe(200);
    expect(row(text, "New")).toEqual(["New", "3", "alice, bob, carl"]);
    expect(text).toContain("Nothing was saved and nothing was done. Type the password again to save.");
    expect(text).toContain(`value="ldap://localhost:${ldap.place.port}"`);
    expect(text).not.toContain(password);
    expect(await users()).toEqual([]);
    expect(await readSetting(server.store.db, directorySetting)).toEqual(directorySetting.whenUnset);
    expect(await audited("directory-tried")).toMatchObject([
      { operator: "console: root", detail: { added: 3 } },
    ]);
    expect(await audited("directory-synchronised")).toEqual([]);
    expect(JSON.stringify(await server.audit())).not.toContain(password);
  });

  it("shows who would change and how, and who would be disabled, also when that is too many", async () => {
    const { browser, fields, look, sync, users, audited } = await site();
    expect((await browser.send(page, fields)).status).toBe(303);
    const first = await sync();
    expect([first.status, row(first.text, "New")]).toEqual([200, ["New", "3", "alice, bob, carl"]]);
    expect(await users()).toEqual(["alice", "bob", "carl"]);
    ldap.change(
      `dn: ${personDn("alice")}\nchangetype: modify\nreplace: cn\ncn: <b>Alice</b>\n\n` +
        `dn: ${personDn("bob")}\nchangetype: delete\n\ndn: ${personDn("carl")}\nchangetype: delete\n\n`,
    );
    const seen = await look({ password: "" });
    expect(seen.status).toBe(200);
    expect(row(seen.text, "alice")[1]).toBe("display name &quot;&lt;b&gt;Alice&lt;/b&gt;&quot;");
    expect(row(seen.text, "Not there any more: disabled here").slice(1)).toEqual(["2", "bob, carl"]);
    expect(seen.text).toContain("2 of the directory&#39;s 3 users would be disabled, more than 10 %");
    const refused = await sync();
    expect([refused.status, refused.text.includes("nothing was changed")]).toEqual([409, true]);
    expect(refused.text).not.toContain("--force");
    expect(await users()).toEqual(["alice", "bob", "carl"]);
    expect((await sync("yes")).status).toBe(200);
    expect(await users()).toEqual(["alice", "bob (disabled)", "carl (disabled)"]);
    expect(await audited("directory-synchronised")).toMatchObject([
      { operator: "console: root", detail: { added: 3 } },
      { operator: "console: root", detail: { gone: 2 } },
    ]);
  });

  it("tells which entries can't be taken", async () => {
    const { look } = await site();
    ldap.change(`dn: ${personDn("carl")}\nchangetype: modify\nreplace: mail\nmail: not an address\n`);
    const { text } = await look();
    expect(text).toContain("3 entries read, 1 of them can't be taken");
    expect(row(text, personDn("carl"))[1]).toBe("email");
  });

  it("leaves nothing behind in the tables where it is worked out", async () => {
    const { server, look } = await site();
    await look();
    await look({ bindDn: "cn=nobody,dc=corp,dc=example" });
    for (const name of [
      "imports",
      "importUsers",
      "importGroups",
      "directoryUsers",
      "directoryGroups",
    ] as const)
      expect([name, await server.store.db.selectFrom(name).selectAll().execute()]).toEqual([name, []]);
  });

  it("reads for one admin at a time", async () => {
    const { look } = await site();
    const silent = createServer();
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const reached = once(silent, "connection");
    const first = look({ url: `ldap://127.0.0.1:${port}` });
    const [line] = (await reached) as [Socket];
    const second = await look();
    expect([second.status, second.text.includes("being read for another admin")]).toEqual([409, true]);
    line.destroy();
    expect((await first).status).toBe(409);
    expect((await look()).status).toBe(200);
  });
});

describe("what goes wrong", () => {
  it.each([
    ["a wrong password", () => ({ password: "another" }), "bindDn or its password is wrong"],
    ["a base that is not there", () => ({ userBase: "ou=nowhere,dc=corp,dc=example" }), "look at userBase"],
    ["a base that is no name", () => ({ userBase: "people" }), "is no name of an entry"],
    [
      "nobody's right to read",
      () => ({ bindDn: "", password: "" }),
      "look at userBase and groupBase, and at what bindDn may read",
    ],
    [
      "a port where nothing listens",
      () => ({ url: "ldap://localhost:1" }),
      "nothing answers there: look at url",
    ],
    [
      "a host that is not there",
      () => ({ url: "ldaps://nowhere.invalid" }),
      "there is no such host: look at url",
    ],
    [
      "a certificate nobody knows",
      () => ({ url: `ldaps://localhost:${tlsPort}` }),
      "give the authorities (ca)",
    ],
    [
      "a filter that is none",
      () => ({ userFilter: "(&(uid=*))(sn=*)" }),
      "look at userFilter and groupFilter",
    ],
    [
      "plain text at the port for TLS",
      () => ({ url: `ldap://localhost:${tlsPort}` }),
      "is it the right port?",
    ],
  ])("%s is told with what to do, and the form stays", async (_, change, said) => {
    const { look, users, audited } = await site();
    const { status, text } = await look(change());
    const notice = /id="notice"[^>]*>([^<]*)/.exec(text)?.[1];
    expect([status, notice]).toEqual([409, expect.stringContaining(said)]);
    expect(text).toContain(`value="ou=groups,${base}"`);
    expect(text).not.toContain(password);
    expect(await users()).toEqual([]);
    expect(await audited("directory-tried")).toMatchObject([
      { detail: { reason: expect.stringContaining("ldap") } },
    ]);
  });

  it("a fault that nobody expected leaves an entry, too, and nothing of its words", async () => {
    const { server, look, users, audited } = await site();
    await server.store.db.schema.alterTable("directory_users").renameTo("elsewhere").execute();
    const { status, text } = await look();
    expect([status, text.includes("Its log says where it went wrong")]).toEqual([500, true]);
    const [tried, ...more] = await audited("directory-tried");
    expect(tried).toMatchObject({
      operator: "console: root",
      detail: { url: `ldap://localhost:${ldap.place.port}`, reason: expect.stringMatching(/^a fault: \w+$/) },
    });
    expect([more, await users()]).toEqual([[], []]);
  });

  it("over TLS only the authorities that are given are believed", async () => {
    const { look } = await site();
    const url = `ldaps://localhost:${tlsPort}`;
    expect((await look({ url, ca: readFileSync(ldap.place.ca, "utf8") })).status).toBe(200);
    const { caPath } = await makeDevCertificate(join(temporaryFolder(), "tls"), "localhost");
    const seen = await look({ url, ca: readFileSync(caPath, "utf8") });
    expect([seen.status, seen.text.includes("its certificate is not trusted")]).toEqual([409, true]);
  });
});
