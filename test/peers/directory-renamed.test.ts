// Entries of a directory that are called something else: their users are renamed, where the name is free.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "./daemon.ts";
import { aliceAndBob } from "./directory-people.ts";
import {
  type DirectoryServer,
  person,
  personDn,
  removed,
  renamed,
  startDirectory,
} from "./directory-server.ts";

let ldap: DirectoryServer;
beforeEach(async () => {
  ldap = await startDirectory(await freePort());
});
afterEach(() => ldap.stop());

const stays = (user: string, taken: string) =>
  expect.stringMatching(
    new RegExp(`^is the entry of the user "${user}", who stays as it is: another user is called "${taken}"`),
  );
const tooEarly = expect.stringMatching(
  /^"alice" is the name of a user whose own entry is called something else/,
);

describe("an entry under another name", () => {
  it("renames its user, who keeps the authenticators; told before, after and in the audit", async () => {
    const { call, json, sync, enabled, authenticators } = await aliceAndBob(ldap);
    ldap.change(renamed("alice", "alicia"));
    const newNames = [{ from: "alice", to: "alicia" }];
    const tried = await sync("--dry-run");
    expect(tried).toMatchObject({ badLines: 0, added: 0, gone: 0, newNames: 1, affected: { newNames } });
    expect(await enabled()).toEqual(["alice", "bob"]);
    expect((await call("directory", "sync", "--dry-run")).out).toContain(
      "under another name: alice → alicia",
    );
    expect(await sync()).toMatchObject({ badLines: 0, added: 0, changed: 1, gone: 0, newNames: 1 });
    expect(await enabled()).toEqual(["alicia", "bob"]);
    expect(await authenticators("alicia")).toBe(1);
    expect(await sync()).toMatchObject({ unchanged: 2, newNames: 0 });
    const kinds = (await json("audit", "--user", "alicia")) as { kind: string; detail: object }[];
    expect(kinds).toMatchObject([{ kind: "user-renamed", detail: { from: "alice", to: "alicia" } }]);
    const all = (await json("audit", "--kind", "directory-synchronised")) as { detail: object }[];
    expect(all.map(({ detail }) => detail)).toMatchObject([
      { newNames: 0 },
      { newNames: 1 },
      { newNames: 0 },
    ]);
  });

  it("renames a user whom a sync had disabled, and enables with it", async () => {
    const { sync, enabled, authenticators } = await aliceAndBob(ldap);
    const elsewhere = `ou=elsewhere,dc=corp,dc=example`;
    ldap.change(`dn: ${elsewhere}\nchangetype: add\nobjectClass: organizationalUnit\nou: elsewhere\n\n`);
    const move = (dn: string, rdn: string, to: string) =>
      `dn: ${dn}\nchangetype: modrdn\nnewrdn: ${rdn}\ndeleteoldrdn: 1\nnewsuperior: ${to}\n\n`;
    ldap.change(move(personDn("alice"), "uid=alice", elsewhere));
    expect(await sync()).toMatchObject({ gone: 1 });
    ldap.change(move(`uid=alice,${elsewhere}`, "uid=alicia", "ou=people,dc=corp,dc=example"));
    expect(await sync()).toMatchObject({ newNames: 1, returned: 1, badLines: 0 });
    expect(await enabled()).toEqual(["alicia", "bob"]);
    expect(await authenticators("alicia")).toBe(1);
  });

  it("is another person where its name was given anew at once, who is taken by the next sync", async () => {
    const { sync, enabled, authenticators } = await aliceAndBob(ldap);
    ldap.change(`${renamed("alice", "alicia")}${person("alice")}`);
    for (const adopt of [[], ["--adopt"]])
      expect(await sync("--dry-run", ...adopt)).toMatchObject({ badLines: 1, errors: [{ fault: tooEarly }] });
    expect(await sync("--adopt")).toMatchObject({ newNames: 1, added: 0, gone: 0, badLines: 1 });
    expect(await sync()).toMatchObject({ newNames: 0, added: 1, gone: 0, badLines: 0 });
    expect(await enabled()).toEqual(["alice", "alicia", "bob"]);
    expect([await authenticators("alice"), await authenticators("alicia")]).toEqual([0, 1]);
  });

  it("that is another user's is refused and told, and nobody is disabled for it", async () => {
    const { call, sync, enabled } = await aliceAndBob(ldap);
    await call("user", "add", "Carol");
    ldap.change(renamed("alice", "carol"));
    for (const adopt of [[], ["--adopt"]])
      expect(await sync(...adopt)).toMatchObject({
        badLines: 1,
        gone: 0,
        newNames: 0,
        changed: 0,
        errors: [{ dn: personDn("carol"), field: "name", fault: stays("alice", "Carol") }],
      });
    expect(await enabled()).toEqual(["Carol", "alice", "bob"]);
    await call("user", "rename", "Carol", "caroline");
    expect(await sync()).toMatchObject({ badLines: 0, newNames: 1 });
    expect(await enabled()).toEqual(["bob", "carol", "caroline"]);
  });

  it("of two who have swapped theirs is refused, until one of the users is called something else", async () => {
    const { call, sync, enabled, authenticators } = await aliceAndBob(ldap);
    ldap.change(`${renamed("alice", "between")}${renamed("bob", "alice")}${renamed("between", "bob")}`);
    const refused = [{ fault: stays("alice", "bob") }, { fault: stays("bob", "alice") }];
    const tried = (await sync()) as { errors: object[] };
    expect(tried).toMatchObject({ badLines: 2, gone: 0, newNames: 0 });
    expect(tried.errors).toEqual(expect.arrayContaining(refused.map((one) => expect.objectContaining(one))));
    expect(await enabled()).toEqual(["alice", "bob"]);
    await call("user", "rename", "alice", "between");
    expect(await sync()).toMatchObject({ newNames: 1, badLines: 1, gone: 0, added: 0 });
    expect(await sync()).toMatchObject({ newNames: 1, badLines: 0, gone: 0, added: 0 });
    expect(await enabled()).toEqual(["alice", "bob"]);
    expect([await authenticators("alice"), await authenticators("bob")]).toEqual([0, 1]);
  });

  it("whose name can't be one leaves its user as it is", async () => {
    const { sync, enabled } = await aliceAndBob(ldap);
    ldap.change(renamed("alice", "alice\\E2\\80\\AE"));
    expect(await sync()).toMatchObject({ badLines: 1, gone: 0, newNames: 0, errors: [{ field: "name" }] });
    expect(await enabled()).toEqual(["alice", "bob"]);
  });

  it("counts for the guard as one that is disabled does: another nameAttribute renames nobody unforced", async () => {
    const { call, sync, enabled } = await aliceAndBob(ldap);
    await call("directory", "set", "nameAttribute=cn", "mostDisabledPercent=10");
    for (const uid of ["alice", "bob"])
      ldap.change(`dn: ${personDn(uid)}\nchangetype: modify\nreplace: cn\ncn: ${uid} of Corp\n\n`);
    const { code, err } = await call("directory", "sync");
    expect(code).toBe(1);
    expect(err).toContain("2 of the directory's 2 users would be disabled or renamed, more than 10 %");
    expect(await enabled()).toEqual(["alice", "bob"]);
    expect(await sync("--force")).toMatchObject({ newNames: 2 });
    expect(await enabled()).toEqual(["alice of Corp", "bob of Corp"]);
  });
});

it("an id that two entries or two users have renames nobody", async () => {
  const { call, sync, enabled } = await aliceAndBob(ldap);
  await call("directory", "set", "idAttribute=sn");
  expect(await sync("--adopt")).toMatchObject({ unchanged: 2, newNames: 0 });
  ldap.change(removed("bob"));
  ldap.change(renamed("alice", "alicia"));
  expect(await sync("--dry-run")).toMatchObject({ newNames: 0 });
  expect(await enabled()).toEqual(["alice", "bob"]);
});

it("an entry that has the id of another entry's user is somebody else", async () => {
  const { call, sync, enabled } = await aliceAndBob(ldap);
  const sn = (uid: string, value: string) =>
    ldap.change(`dn: ${personDn(uid)}\nchangetype: modify\nreplace: sn\nsn: ${value}\n\n`);
  sn("alice", "A");
  sn("bob", "B");
  await call("directory", "set", "idAttribute=sn");
  expect(await sync("--adopt")).toMatchObject({ unchanged: 2 });
  ldap.change(person("twin"));
  sn("twin", "A");
  expect(await sync()).toMatchObject({ newNames: 0, added: 1, gone: 0, badLines: 0 });
  expect(await enabled()).toEqual(["alice", "bob", "twin"]);
});

it("a user of the directory who is renamed here is given the directory's name by the next sync", async () => {
  const { call, sync, enabled } = await aliceAndBob(ldap);
  expect((await call("user", "rename", "alice", "alicia")).out).toContain(
    "the next sync of the directory gives",
  );
  expect(await sync()).toMatchObject({ newNames: 1, added: 0, gone: 0 });
  expect(await enabled()).toEqual(["alice", "bob"]);
});
