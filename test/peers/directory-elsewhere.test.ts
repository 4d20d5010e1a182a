// What a directory does not have itself it refers to: for all of a search that is no answer, for a part of one it is left out.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { commandLine } from "../server/command-line.ts";
import { temporaryFolder } from "../server/fixture.ts";
import { freePort } from "./daemon.ts";
import { base, bindDn, password, person, startDirectory } from "./directory-server.ts";

async function site(userBase: string) {
  const ldap = await startDirectory(await freePort());
  onTestFinished(() => ldap.stop());
  const line = commandLine();
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, password, { mode: 0o600 });
  const asked = [`url=ldap://localhost:${ldap.place.port}`, `bindDn=${bindDn}`, `userBase=${userBase}`];
  expect((await line.call("directory", "set", "--password-file", file, ...asked)).err).toBe("");
  return { ...line, ldap };
}

it("a base that another server has is told, and nothing is changed", async () => {
  const { call } = await site("dc=elsewhere,dc=example");
  const { code, err } = await call("directory", "sync");
  expect(code).toBe(1);
  expect(err).toContain("(LDAP result 10); that is another server's: look at userBase and groupBase");
});

it("a branch that another server has is left out, and the rest is taken over", async () => {
  const { ldap, json } = await site(base);
  ldap.change(person("alice"));
  const branch = ["objectClass: referral", "objectClass: extensibleObject", "ou: far"];
  const to = "ref: ldap://elsewhere.example/ou=far,dc=corp,dc=example";
  ldap.change(`dn: ou=far,${base}\nchangetype: add\n${branch.join("\n")}\n${to}\n\n`);
  expect(await json("directory", "sync")).toMatchObject({ added: 1 });
});
