// Entries of a directory that have the name of a user who came from another entry: perhaps another person.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandLine } from "../server/command-line.ts";
import { temporaryFolder } from "../server/fixture.ts";
import { freePort } from "./daemon.ts";
import {
  base,
  bindDn,
  type DirectoryServer,
  password,
  person,
  personDn,
  startDirectory,
} from "./directory-server.ts";

let ldap: DirectoryServer;
beforeEach(async () => {
  ldap = await startDirectory(await freePort());
});
afterEach(() => ldap.stop());

const removal = (uid: string) => `dn: ${personDn(uid)}\nchangetype: delete\n\n`;
const renamed = (uid: string, to: string) =>
  `dn: ${personDn(uid)}\nchangetype: modrdn\nnewrdn: uid=${to}\ndeleteoldrdn: 1\n\n`;
const fault = expect.stringMatching(/^"alice" came from another entry .* remove that user .* sync --adopt"/);

/** Alice and Bob came by a sync, and Alice has an authenticator. */
async function site() {
  const line = commandLine();
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  const about = [`url=ldap://localhost:${ldap.place.port}`, `bindDn=${bindDn}`, `userBase=ou=people,${base}`];
  await line.call(
    ...["directory", "set", "--password-file", file, ...about],
    ...["groups=none", "mostDisabledPercent=100"],
  );
  for (const uid of ["alice", "bob"]) ldap.change(person(uid));
  const sync = (...args: string[]) => line.json("directory", "sync", ...args);
  expect(await sync()).toMatchObject({ added: 2 });
  await line.json("authenticator", "add", "totp", "alice");
  const enabled = async () =>
    ((await line.json("user", "list")) as { name: string; disabled: boolean }[])
      .filter(({ disabled }) => !disabled)
      .map(({ name }) => name);
  const authenticators = async (user: string) =>
    ((await line.json("authenticator", "list", user)) as unknown[]).length;
  return { ...line, sync, enabled, authenticators };
}

describe("an entry under a name that was another entry's", () => {
  it("is not taken for the user who left, who is disabled and stays so", async () => {
    const { sync, enabled } = await site();
    ldap.change(removal("alice"));
    expect(await sync()).toMatchObject({ gone: 1 });
    ldap.change(person("alice"));
    const tried = await sync("--dry-run");
    expect(tried).toMatchObject({ badLines: 1, returned: 0, errors: [{ field: "name", fault }] });
    expect(await sync()).toMatchObject({ badLines: 1, returned: 0, changed: 0, errors: [{ fault }] });
    expect(await enabled()).toEqual(["bob"]);
  });

  it("is not taken for the user when one followed the other between two syncs", async () => {
    const { sync, enabled } = await site();
    ldap.change(`${removal("alice")}${person("alice", ["cn: Another Alice"])}`);
    expect(await sync()).toMatchObject({ badLines: 1, gone: 1, errors: [{ fault }] });
    expect(await enabled()).toEqual(["bob"]);
  });

  it("is not taken for the user whose own entry has another name now", async () => {
    const { sync, enabled, authenticators } = await site();
    ldap.change(`${renamed("alice", "alicia")}${person("alice")}`);
    expect(await sync()).toMatchObject({ added: 1, badLines: 1, gone: 1, errors: [{ fault }] });
    expect(await enabled()).toEqual(["alicia", "bob"]);
    expect(await authenticators("alicia")).toBe(0);
  });

  it("is a user of its own, without authenticators, once the other was removed", async () => {
    const { call, sync, enabled, authenticators } = await site();
    ldap.change(`${removal("alice")}${person("alice")}`);
    await sync();
    expect(await call("user", "remove", "alice")).toMatchObject({ code: 0 });
    expect(await sync()).toMatchObject({ added: 1, badLines: 0 });
    expect(await enabled()).toEqual(["alice", "bob"]);
    expect(await authenticators("alice")).toBe(0);
  });

  it("is the same person, with their authenticators, where an admin says so, and from then on", async () => {
    const { sync, enabled, authenticators } = await site();
    ldap.change(`${removal("alice")}${person("alice")}`);
    await sync();
    expect(await sync("--adopt")).toMatchObject({ badLines: 0, returned: 1 });
    expect(await enabled()).toEqual(["alice", "bob"]);
    expect(await authenticators("alice")).toBe(1);
    expect(await sync()).toMatchObject({ badLines: 0, unchanged: 2, gone: 0 });
  });
});

it("ids that are others of all entries disable nobody without being forced", async () => {
  const { call, sync, enabled } = await site();
  await call("directory", "set", "idAttribute=uid", "mostDisabledPercent=10");
  const { code, err } = await call("directory", "sync");
  expect(code).toBe(1);
  expect(err).toContain("2 of the directory's 2 users would be disabled");
  expect(await enabled()).toEqual(["alice", "bob"]);
  expect(await sync("--adopt")).toMatchObject({ badLines: 0, unchanged: 2, gone: 0 });
});
