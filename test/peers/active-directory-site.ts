// A server whose directory is a domain of Active Directory, set up by the preset as an admin would.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { commandLine } from "../server/command-line.ts";
import { temporaryFolder } from "../server/fixture.ts";
import { type Domain, password, readerDn, unit, unitDn } from "./active-directory-server.ts";

let parts = 0;

/** `under`: a part of the domain for one test alone, in which its users are looked for. */
export async function siteOf(ad: Domain, ...settings: string[]) {
  parts += 1;
  const under = unitDn(`part ${parts}`);
  ad.change(unit(`part ${parts}`));
  const line = commandLine();
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  const set = async (...args: string[]) => {
    const { err } = await line.call("directory", "set", "--password-file", file, ...args);
    expect(err).toBe("");
  };
  const common = ["--active-directory", "--ca-file", ad.place.ca, `url=${ad.url}`, `bindDn=${readerDn}`];
  await set(...common, `userBase=${under}`, ...settings);
  const users = async () =>
    (await line.json("user", "list")) as {
      name: string;
      displayName: string;
      groups: string[];
      disabled: boolean;
    }[];
  const sync = (...args: string[]) => line.json("directory", "sync", ...args);
  /** Names of those who are enabled. */
  const enabled = async () => (await users()).filter(({ disabled }) => !disabled).map(({ name }) => name);
  return { ...line, under, set, users, enabled, sync };
}
