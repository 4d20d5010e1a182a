// `directory sync` from a real slapd.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setPassword, setRole } from "../../server/accounts/accounts.ts";
import { keepPassword } from "../../server/accounts/password.ts";
import { DirectorySchedule } from "../../server/directory/schedule.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { makeDevCertificate } from "../../server/listen/dev-ca.ts";
import { theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { commandLine } from "../server/command-line.ts";
import { FakeClock, random, temporaryFolder } from "../server/fixture.ts";
import { freePort } from "./daemon.ts";
import {
  base,
  bindDn,
  type DirectoryServer,
  group,
  groupDn,
  moved,
  password,
  person,
  personDn,
  startDirectory,
} from "./directory-server.ts";

const quick = { memory: 8, passes: 1, parallelism: 1 };

let ldap: DirectoryServer;
let tlsPort: number;
beforeEach(async () => {
  tlsPort = await freePort();
  ldap = await startDirectory(tlsPort);
});
afterEach(() => ldap.stop());

async function site(...settings: string[]) {
  const line = commandLine();
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  const set = (...args: string[]) => line.call("directory", "set", "--password-file", file, ...args);
  const common = [`bindDn=${bindDn}`, `userBase=ou=people,${base}`, `groupBase=ou=groups,${base}`];
  const made = await set(
    `url=ldap://localhost:${ldap.place.port}`,
    ...common,
    "groups=memberOf",
    ...settings,
  );
  expect(made.err).toBe("");
  const users = async () =>
    (await line.json("user", "list")) as { name: string; groups: string[]; disabled: boolean }[];
  const sync = (...args: string[]) => line.json("directory", "sync", ...args);
  return { ...line, set, users, sync };
}

const people = () => {
  ldap.change(person("alice", ["cn: Alice A", "mail: alice@corp.example"]));
  ldap.change(person("bob"));
  ldap.change(person("carl"));
  ldap.change(group("staff", [personDn("alice"), personDn("bob")]));
  ldap.change(group("engineers", [groupDn("staff"), personDn("carl")]));
  ldap.change(group("everybody", [groupDn("engineers")]));
};

describe("a sync", () => {
  it.each(["memberOf", "member"])(
    "takes over users and groups in groups, by %s, and changes nothing twice",
    async (way) => {
      people();
      // A circle: everybody is in staff, which is in engineers, which is in everybody.
      ldap.change(
        `dn: ${groupDn("staff")}\nchangetype: modify\nadd: member\nmember: ${groupDn("everybody")}\n`,
      );
      const { sync, users, json } = await site(`groups=${way}`);
      expect(await sync()).toMatchObject({ imported: true, rows: 3, added: 3, gone: 0, errors: [] });
      const all = ["engineers", "everybody", "staff"];
      expect(await users()).toMatchObject([
        { name: "alice", displayName: "Alice A", groups: all },
        { name: "bob", groups: all },
        { name: "carl", groups: all },
      ]);
      expect(await json("user", "address", "list", "alice")).toMatchObject([
        { address: "alice@corp.example" },
      ]);
      expect(await sync()).toMatchObject({ added: 0, changed: 0, unchanged: 3, gone: 0, returned: 0 });
      const kinds = (await json("audit")).map((entry: { kind: string }) => entry.kind);
      expect(kinds.filter((kind: string) => kind === "directory-synchronised")).toHaveLength(2);
    },
  );

  it("follows groups in groups no deeper than it is told", async () => {
    people();
    const { sync, users } = await site("nestedGroups=1");
    await sync();
    expect((await users()).map(({ groups }) => groups)).toEqual([
      ["engineers", "staff"],
      ["engineers", "staff"],
      ["engineers", "everybody"],
    ]);
  });

  it("ends memberships that the directory ended, and leaves those that are ours", async () => {
    people();
    const { call, sync, users } = await site("nestedGroups=0");
    await sync();
    await call("user", "group", "add", "alice", "travellers");
    ldap.change(
      `dn: ${groupDn("staff")}\nchangetype: modify\ndelete: member\nmember: ${personDn("alice")}\n`,
    );
    expect(await sync()).toMatchObject({ changed: 1, groupsLeft: 1 });
    expect((await users())[0]?.groups).toEqual(["travellers"]);
  });

  it("says by name what it would do, and does nothing of it", async () => {
    people();
    const { call, json, sync, users } = await site("nestedGroups=0", "accountControl=yes");
    expect(await sync("--dry-run")).toMatchObject({
      imported: false,
      affected: { added: ["alice", "bob", "carl"], changed: [], disabled: [], gone: [], returned: [] },
    });
    await sync();
    await call("user", "group", "add", "alice", "travellers");
    ldap.change(
      `dn: ${groupDn("staff")}\nchangetype: modify\ndelete: member\nmember: ${personDn("alice")}\n\n${group("night", [personDn("alice")])}` +
        `dn: ${personDn("alice")}\nchangetype: modify\nreplace: cn\ncn: Alice B\n-\nreplace: mail\nmail: a@corp.example\n\n` +
        `dn: ${personDn("bob")}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n\n`,
    );
    const before = await users();
    const differences = ["mail-1 a@corp.example", 'display name "Alice B"', "group +night", "group −staff"];
    const { affected, ...counts } = await sync("--dry-run");
    expect(affected).toMatchObject({ added: [], disabled: ["bob"], gone: [] });
    expect(affected.changed[0].differences.toSorted()).toEqual(differences.toSorted());
    expect(counts).toMatchObject({ changed: 2, disabled: 1 });
    expect(await users()).toEqual(before);
    const tried = (await json("audit")).filter(({ kind }: { kind: string }) => kind === "directory-tried");
    expect(tried).toMatchObject([{ detail: { rows: 3, added: 3 } }, { detail: { disabled: 1 } }]);
  });

  it("disables who is gone, or disabled there, and enables them when they are back", async () => {
    people();
    const { call, sync, users } = await site("accountControl=yes", "mostDisabledPercent=100");
    await sync();
    await call("user", "disable", "bob");
    const control = (uid: string, value: number) =>
      `dn: ${personDn(uid)}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: ${value}\n\n`;
    ldap.change(`${control("alice", 514)}${control("bob", 514)}${moved(personDn("carl"), "groups")}`);
    expect(await sync()).toMatchObject({ disabled: 1, gone: 1 });
    expect((await users()).map(({ disabled }) => disabled)).toEqual([true, true, true]);
    const carl = personDn("carl").replace("ou=people", "ou=groups");
    ldap.change(`${control("alice", 512)}${control("bob", 512)}${moved(carl, "people")}`);
    expect(await sync()).toMatchObject({ returned: 2 });
    // Bob was disabled here, by hand.
    expect((await users()).map(({ disabled }) => disabled)).toEqual([false, true, false]);
  });

  it("refuses to disable many at once, whatever the reason, unless it is forced", async () => {
    people();
    const { call, sync, users, set } = await site();
    await sync();
    await set("userFilter=(uid=alice)");
    const before = await users();
    const { code, err } = await call("directory", "sync");
    expect(code).toBe(1);
    expect(err).toContain("2 of the directory's 3 users would be disabled, more than 10 %");
    expect(await users()).toEqual(before);
    expect(await sync("--dry-run", "--force")).toMatchObject({
      imported: false,
      gone: 2,
      affected: { gone: ["bob", "carl"] },
    });
    const told = await call("directory", "sync", "--dry-run", "--force");
    expect(told.out).toContain("not there any more: bob, carl");
    expect(await users()).toEqual(before);
    expect(await sync("--force")).toMatchObject({ gone: 2 });
  });

  const makeAdmin = async (data: string, name: string) => {
    const { store, vault } = await openServer(data, new FakeClock(), random);
    const kept = await keepPassword("a lamp beside the harbour", quick, random);
    await store.write(async (tx) => {
      const user = await theUser(tx, name);
      await setRole(tx, { user, role: "admin", evenTheLastAdmin: false }, 1);
      await setPassword(tx, vault, user, kept, 1);
    });
    await store.close();
  };

  it.each([
    ["is gone", (uid: string) => `dn: ${personDn(uid)}\nchangetype: delete\n\n`],
    [
      "is disabled there",
      (uid: string) =>
        `dn: ${personDn(uid)}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n\n`,
    ],
  ])("leaves the last admin who %s, says so, and does the rest", async (_, leave) => {
    people();
    const { call, data, json, sync, users } = await site("accountControl=yes", "mostDisabledPercent=100");
    await sync();
    for (const name of ["alice", "bob"]) await makeAdmin(data, name);
    ldap.change(`${leave("alice")}${leave("bob")}${leave("carl")}${person("dora")}`);
    const disabled = async () => (await users()).filter((one) => one.disabled).map(({ name }) => name);
    const dry = await call("directory", "sync", "--dry-run");
    expect([dry.code, dry.err]).toEqual([1, expect.stringContaining("is the only admin")]);
    expect(await disabled()).toEqual([]);
    const { code, err, out } = await call("directory", "sync");
    const [kept = ""] = ["alice", "bob"].filter((name) => err.includes(name));
    expect([code, out.includes("1 added")]).toEqual([1, true]);
    expect(err).toContain(`${kept} is the only admin who can sign in and was left enabled`);
    const gone = ["alice", "bob", "carl"].filter((name) => name !== kept);
    expect(await disabled()).toEqual(gone);
    const last = (await json("audit")).filter(
      (entry: { kind: string }) => entry.kind === "directory-synchronised",
    );
    expect(last.at(-1)).toMatchObject({ detail: { adminsKept: [kept] } });
    // Once there is another one, the next sync does it.
    await makeAdmin(data, "dora");
    expect(await sync()).toMatchObject({ adminsKept: [] });
    expect(await disabled()).toEqual(["alice", "bob", "carl"]);
  });

  it("does not take somebody whose entry can't be read for gone", async () => {
    people();
    const { sync, users } = await site();
    await sync();
    ldap.change(`dn: ${personDn("carl")}\nchangetype: modify\nreplace: mail\nmail: not an address\n`);
    expect(await sync()).toMatchObject({
      gone: 0,
      badLines: 1,
      errors: [{ dn: personDn("carl"), field: "email" }],
    });
    expect((await users()).every(({ disabled }) => !disabled)).toBe(true);
  });

  it("leaves out groups that can't be called so, tells them, and maps those that are mapped", async () => {
    people();
    ldap.change(group("*odd*", [personDn("alice")]));
    const { sync, users, set } = await site("nestedGroups=0");
    expect(await sync()).toMatchObject({ unusableGroups: ["*odd*"] });
    expect((await users())[0]?.groups).toEqual(["staff"]);
    await set(`groupMap=*odd*=odd ones;${groupDn("staff")}=the staff`);
    expect(await sync()).toMatchObject({ unusableGroups: [] });
    expect((await users())[0]?.groups).toEqual(["odd ones", "the staff"]);
  });

  it("reads a directory in pages, past the limit of one answer, and is not content with a part of it", async () => {
    const many = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => person(`user${from + at}`)).join("");
    ldap.change(many(0, 250));
    const { sync, users, call } = await site("pageSize=50", "groups=none");
    expect(await sync()).toMatchObject({ rows: 250, added: 250 });
    // More than this directory gives to anybody, however small the pages are.
    ldap.change(many(250, 350));
    expect((await call("directory", "sync", "--force")).err).toMatch(/LimitExceeded/);
    expect((await users()).filter(({ disabled }) => !disabled)).toHaveLength(250);
  });
});

describe("the server by itself", () => {
  it("follows the directory as often as it is told, by one instance at a time, and says why when it can't", async () => {
    people();
    const { call, clock, data, json, set, users } = await site("everyMinutes=10");
    const server = await openServer(data, clock, random);
    const parts = { ...server, clock, random, log: pino({ level: "silent" }) };
    const [one, other] = [new DirectorySchedule(parts), new DirectorySchedule(parts)];
    await Promise.all([one.tick(), other.tick()]);
    const syncs = async (kind: string) =>
      (await json("audit")).filter((entry: { kind: string }) => entry.kind === kind);
    expect(await users()).toHaveLength(3);
    expect(await syncs("directory-synchronised")).toHaveLength(1);
    clock.pass(9 * minuteMs);
    await one.tick();
    expect(await syncs("directory-synchronised")).toHaveLength(1);
    clock.pass(minuteMs);
    await other.tick();
    expect(await syncs("directory-synchronised")).toHaveLength(2);
    await set("userFilter=(uid=alice)");
    for (let round = 0; round < 3; round += 1) {
      clock.pass(10 * minuteMs);
      await one.tick();
    }
    expect(await syncs("directory-not-synchronised")).toMatchObject([
      { detail: { reason: expect.stringContaining("2 of the directory's 3 users would be disabled") } },
    ]);
    expect((await users()).every(({ disabled }) => !disabled)).toBe(true);
    expect((await call("directory", "set", "everyMinutes=0")).code).toBe(0);
    clock.pass(60 * minuteMs);
    await one.tick();
    expect(await syncs("directory-synchronised")).toHaveLength(2);
    await server.store.close();
  });
});

describe("the way to a directory", () => {
  it.each(["ldaps", "starttls"])("by %s has a certificate that is checked", async (way) => {
    people();
    const { sync, set, call } = await site();
    const url = way === "ldaps" ? [`url=ldaps://localhost:${tlsPort}`] : ["startTls=yes"];
    await set("--ca-file", ldap.place.ca, ...url);
    expect(await sync()).toMatchObject({ added: 3 });
    const { caPath } = await makeDevCertificate(join(temporaryFolder(), "tls"), "localhost");
    await set("--ca-file", caPath);
    expect((await call("directory", "sync")).err).toMatch(/the directory .*(SIGNATURE|CERT|certificate)/);
  });

  it("is not plain text to another host, and not to another server with the password of this one", async () => {
    const { call, set, data } = await site();
    expect((await set("url=ldap://directory.corp.example")).err).toContain("use ldaps:// or startTls=yes");
    expect((await call("directory", "set", "url=ldaps://evil.example")).err).toContain(
      "password: give it again",
    );
    expect((await call("directory", "show", "--json")).out).not.toContain(password);
    expect(readFileSync(join(data, "nightlatch.db")).includes(password)).toBe(false);
  });

  it("that is refused says why, and changes nothing", async () => {
    const { set, call } = await site();
    await set(`bindDn=cn=nobody,${base}`);
    expect((await call("directory", "sync")).err).toContain("InvalidCredentials");
    await set("userBase=ou=nowhere,dc=corp,dc=example", `bindDn=${bindDn}`);
    expect((await call("directory", "sync", "--force")).err).toContain("NoSuchObject");
    await set("userFilter=(uid=*))(uid=*");
    expect((await call("directory", "sync")).code).toBe(1);
    expect((await call("user", "list")).out).toContain("no users yet");
  });
});
