// A sync that somebody has started and that fails leaves one entry with whose hand it was and why, as a scheduled one does.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ListedEntry } from "../../server/audit/audit.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { signedIn } from "../server/browser.ts";
import { commandLine } from "../server/command-line.ts";
import { directoryForm } from "../server/directory-form.ts";
import { random, temporaryFolder, testServer } from "../server/fixture.ts";
import { freePort } from "./daemon.ts";
import { base, bindDn, type DirectoryServer, password, person, startDirectory } from "./directory-server.ts";

let ldap: DirectoryServer;
beforeEach(async () => {
  ldap = await startDirectory(await freePort());
  for (const name of ["alice", "bob", "carl"]) ldap.change(person(name));
});
afterEach(() => ldap.stop());

const url = () => `ldap://localhost:${ldap.place.port}`;
const wrongPassword = "not the one of the directory";

type Entry = Pick<ListedEntry, "kind" | "detail">;
const failures = (entries: readonly Entry[]) =>
  entries.filter(({ kind }) => kind === "directory-not-synchronised");

function said(entries: readonly Entry[], operator: string, reason: string) {
  expect(failures(entries)).toMatchObject([
    { source: "server", operator, detail: { reason: expect.stringContaining(reason) } },
  ]);
  for (const secret of [password, wrongPassword]) expect(JSON.stringify(entries)).not.toContain(secret);
}

const faults = [
  ["unreachable", { url: "ldap://localhost:1" }, "nothing answers there"],
  ["refusing the password", { password: wrongPassword }, "bindDn or its password is wrong"],
  ["without the base", { userBase: `ou=nowhere,${base}` }, "look at userBase"],
] as const;

const guard = "2 of the directory's 3 users would be disabled, more than 10 %";

describe("at the command line", () => {
  async function site() {
    const line = commandLine();
    const set = async (settings: Readonly<Record<string, string>>) => {
      const { password: typed = password, ...keys } = settings;
      const file = join(temporaryFolder(), "password");
      writeFileSync(file, `${typed}\n`, { mode: 0o600 });
      const assigned = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
      expect((await line.call("directory", "set", "--password-file", file, ...assigned)).err).toBe("");
    };
    await set({ url: url(), bindDn, userBase: `ou=people,${base}` });
    const audit = (): Promise<Entry[]> => line.json("audit");
    const sync = (...args: string[]) => line.call("directory", "sync", ...args);
    return { ...line, set, audit, sync };
  }
  const hand = "command line: tester";

  it.each(faults)("a directory %s is told of", async (_, change, reason) => {
    const { set, audit, sync } = await site();
    await set(change);
    expect((await sync()).code).toBe(1);
    said(await audit(), hand, reason);
  });

  it("the guard's refusal is told of, each time, and a sync that is done is not", async () => {
    const { set, audit, sync } = await site();
    expect((await sync()).code).toBe(0);
    expect(failures(await audit())).toEqual([]);
    await set({ userFilter: "(uid=alice)" });
    expect((await sync()).code).toBe(1);
    said(await audit(), hand, guard);
    expect((await sync()).code).toBe(1);
    expect(failures(await audit())).toHaveLength(2);
    expect((await sync("--force")).code).toBe(0);
    expect(failures(await audit())).toHaveLength(2);
  });

  it("a dry run that fails is a look, and no sync", async () => {
    const { set, audit, sync } = await site();
    await set({ password: wrongPassword });
    expect((await sync("--dry-run")).code).toBe(1);
    expect(failures(await audit())).toEqual([]);
    expect((await audit()).filter(({ kind }) => kind === "directory-tried")).toHaveLength(1);
  });

  it("a fault that nobody expected is told of, and nothing of its words", async () => {
    const { audit, clock, data, sync } = await site();
    const { store } = await openServer(data, clock, random);
    await store.db.schema.alterTable("directory_users").renameTo("elsewhere").execute();
    await store.close();
    expect((await sync()).code).toBe(1);
    const [entry] = failures(await audit());
    expect(entry?.detail).toEqual({ reason: expect.stringMatching(/^a fault: \w+$/) });
  });
});

describe("in the console", () => {
  const page = "/admin/settings/directory";

  async function site() {
    const server = await testServer();
    const browser = await signedIn(server, "admin", "root");
    await browser.open(page);
    const fields = { ...directoryForm, url: url(), bindDn, password, userBase: `ou=people,${base}` };
    const set = async (change: Readonly<Record<string, string>>) =>
      expect((await browser.send(page, { ...fields, ...change })).status).toBe(303);
    const sync = (force = "no") => browser.send(`${page}/sync`, { force });
    return { server, set, sync };
  }
  const hand = "console: root";

  it.each(faults)("a directory %s is told of", async (_, change, reason) => {
    const { server, set, sync } = await site();
    await set(change);
    expect((await sync()).status).toBe(409);
    said(await server.audit(), hand, reason);
  });

  it("the guard's refusal is told of, and a sync that is done is not", async () => {
    const { server, set, sync } = await site();
    await set({});
    expect((await sync()).status).toBe(200);
    expect(failures(await server.audit())).toEqual([]);
    await set({ userFilter: "(uid=alice)" });
    expect((await sync()).status).toBe(409);
    said(await server.audit(), hand, guard);
    expect((await sync("yes")).status).toBe(200);
    expect(failures(await server.audit())).toHaveLength(1);
  });
});
