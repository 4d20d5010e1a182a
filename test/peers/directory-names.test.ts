// Names of groups that are read from a DN, where other signs than the plain ones are written as bytes.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { commandLine } from "../server/command-line.ts";
import { temporaryFolder } from "../server/fixture.ts";
import { freePort } from "./daemon.ts";
import { base, bindDn, groupDn, password, person, personDn, startDirectory } from "./directory-server.ts";

const text = (value: string) => Buffer.from(value, "utf8").toString("base64");

it("a group that is not searched for is called what its DN says, as OpenLDAP writes it", async () => {
  const ldap = await startDirectory(await freePort());
  onTestFinished(() => ldap.stop());
  ldap.change(person("alice"));
  for (const [written, name] of [
    ["Größe", "Größe"],
    ["Sales\\, West", "Sales, West"],
  ] as const) {
    const lines = ["changetype: add", "objectClass: groupOfNames", `cn:: ${text(name)}`];
    ldap.change(`dn:: ${text(groupDn(written))}\n${lines.join("\n")}\nmember: ${personDn("alice")}\n\n`);
  }
  const { call, json } = commandLine();
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, password, { mode: 0o600 });
  const asked = [`url=ldap://localhost:${ldap.place.port}`, `bindDn=${bindDn}`, `userBase=ou=people,${base}`];
  const set = await call("directory", "set", "--password-file", file, ...asked, "groups=memberOf");
  expect(set.err).toBe("");
  expect(await json("directory", "sync")).toMatchObject({ added: 1, unusableGroups: ["Sales, West"] });
  expect(await json("user", "list")).toMatchObject([{ name: "alice", groups: ["Größe"] }]);
});
