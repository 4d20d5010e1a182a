// Users who came from a directory by a sync.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { commandLine } from "../server/command-line.ts";
import { temporaryFolder } from "../server/fixture.ts";
import { base, bindDn, type DirectoryServer, password, person } from "./directory-server.ts";

/** Alice and Bob came by a sync, and Alice has an authenticator. */
export async function aliceAndBob(ldap: DirectoryServer) {
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
  const users = async () => (await line.json("user", "list")) as { name: string; disabled: boolean }[];
  const enabled = async () => (await users()).filter(({ disabled }) => !disabled).map(({ name }) => name);
  const authenticators = async (user: string) =>
    ((await line.json("authenticator", "list", user)) as unknown[]).length;
  return { ...line, sync, enabled, authenticators };
}
