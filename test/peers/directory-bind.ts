import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { connectTo } from "../../server/directory/connect.ts";
import { theDirectory } from "../../server/directory/settings.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { commandLine } from "../server/command-line.ts";
import { FakeClock, random, temporaryFolder } from "../server/fixture.ts";
import { base, bindDn, type DirectoryServer } from "./directory-server.ts";

/** Whether a server that is set up so, with this directory's CA and `password`, gets in at it; else why not. */
export async function bindsWith(
  ldap: DirectoryServer,
  password: string,
  assignments: readonly string[],
): Promise<true | string> {
  const { data, call } = commandLine();
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, password, { mode: 0o600 });
  const all = [...assignments, `bindDn=${bindDn}`, `userBase=ou=people,${base}`];
  const ca = ["--ca-file", ldap.place.ca];
  expect((await call("directory", "set", "--password-file", file, ...ca, ...all)).err).toBe("");
  const server = await openServer(data, new FakeClock(), random);
  onTestFinished(() => server.store.close());
  try {
    await (await connectTo(await theDirectory(server.store.db, server.vault))).close();
    return true;
  } catch (error) {
    return (error as Error).message;
  }
}
