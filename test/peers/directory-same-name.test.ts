// Entries of a directory that have the name of a user who came from another entry: perhaps another person.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "./daemon.ts";
import { aliceAndBob } from "./directory-people.ts";
import { type DirectoryServer, person, removed, startDirectory } from "./directory-server.ts";

let ldap: DirectoryServer;
beforeEach(async () => {
  ldap = await startDirectory(await freePort());
});
afterEach(() => ldap.stop());

const fault = expect.stringMatching(/^"alice" came from another entry .* remove that user .* sync --adopt"/);

describe("an entry under a name that was another entry's", () => {
  it("is not taken for the user who left, who is disabled and stays so", async () => {
    const { sync, enabled } = await aliceAndBob(ldap);
    ldap.change(removed("alice"));
    expect(await sync()).toMatchObject({ gone: 1 });
    ldap.change(person("alice"));
    const tried = await sync("--dry-run");
    expect(tried).toMatchObject({ badLines: 1, returned: 0, errors: [{ field: "name", fault }] });
    expect(await sync()).toMatchObject({ badLines: 1, returned: 0, changed: 0, errors: [{ fault }] });
    expect(await enabled()).toEqual(["bob"]);
  });

  it("is not taken for the user when one followed the other between two syncs", async () => {
    const { sync, enabled } = await aliceAndBob(ldap);
    ldap.change(`${removed("alice")}${person("alice", ["cn: Another Alice"])}`);
    expect(await sync()).toMatchObject({ badLines: 1, gone: 1, errors: [{ fault }] });
    expect(await enabled()).toEqual(["bob"]);
  });

  it("is a user of its own, without authenticators, once the other was removed", async () => {
    const { call, sync, enabled, authenticators } = await aliceAndBob(ldap);
    ldap.change(`${removed("alice")}${person("alice")}`);
    await sync();
    expect(await call("user", "remove", "alice")).toMatchObject({ code: 0 });
    expect(await sync()).toMatchObject({ added: 1, badLines: 0 });
    expect(await enabled()).toEqual(["alice", "bob"]);
    expect(await authenticators("alice")).toBe(0);
  });

  it("is the same person, with their authenticators, where an admin says so, and from then on", async () => {
    const { sync, enabled, authenticators } = await aliceAndBob(ldap);
    ldap.change(`${removed("alice")}${person("alice")}`);
    await sync();
    expect(await sync("--adopt")).toMatchObject({ badLines: 0, returned: 1 });
    expect(await enabled()).toEqual(["alice", "bob"]);
    expect(await authenticators("alice")).toBe(1);
    expect(await sync()).toMatchObject({ badLines: 0, unchanged: 2, gone: 0 });
  });
});

it("ids that are others of all entries disable nobody without being forced", async () => {
  const { call, sync, enabled } = await aliceAndBob(ldap);
  await call("directory", "set", "idAttribute=uid", "mostDisabledPercent=10");
  const { code, err } = await call("directory", "sync");
  expect(code).toBe(1);
  expect(err).toContain("2 of the directory's 2 users would be disabled");
  expect(await enabled()).toEqual(["alice", "bob"]);
  expect(await sync("--adopt")).toMatchObject({ badLines: 0, unchanged: 2, gone: 0 });
});
