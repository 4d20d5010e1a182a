// The way to a domain controller: who asks, by what name, what it answers when it refuses, and how much it gives at once.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../server/fixture.ts";
import { account, dnOf, domain, fileTime, group, readerDn, replace } from "./active-directory-server.ts";
import { siteOf } from "./active-directory-site.ts";
import { ownActiveDirectory } from "./own-active-directory.ts";

const ad = ownActiveDirectory();

const users = `CN=Users,${domain}`;

/** What an admin is told about a sync by this account; nothing when it went well. */
async function refusal(settings: readonly string[], password?: string): Promise<string> {
  const { set, call } = await siteOf(ad);
  if (password === undefined) await set(...settings);
  else {
    const file = join(temporaryFolder(), "password");
    writeFileSync(file, password, { mode: 0o600 });
    expect((await call("directory", "set", "--password-file", file, ...settings)).err).toBe("");
  }
  return (await call("directory", "sync")).err;
}

describe("whoever asks", () => {
  it.each([readerDn, "reader@corp.example", "CORP\\reader"])("may be called %s", async (bindDn) => {
    expect(await refusal([`bindDn=${bindDn}`])).toBe("");
  });

  it("without TLS is told to ask by ldaps", async () => {
    const plain = await refusal([`url=${ad.url.replace("ldaps", "ldap")}`]);
    expect(plain).toContain("it wants TLS: url=ldaps://HOST, or startTls=yes");
  });

  it("as nobody is told to be somebody", async () => {
    expect(await refusal(["bindDn="], "")).toContain("it wants somebody to ask: set bindDn and the password");
  });

  it.each([
    ["has another password", [], "wrong", "bindDn or its password is wrong"],
    ["is disabled", ["userAccountControl: 514"], undefined, "is disabled there"],
    [
      "has expired",
      ["accountExpires: 116444736000000000"],
      undefined,
      "the account of bindDn has expired there",
    ],
    ["must change its password", ["pwdLastSet: 0"], undefined, "has to change its password there first"],
    ["is locked", [`lockoutTime: ${fileTime(4e12)}`], undefined, "is locked there"],
  ] as const)("%s: it is said", async (state, change, password, says) => {
    const name = `asks ${state}`;
    ad.change(account(name, { under: users }));
    for (const line of change) {
      const [attribute = "", value = ""] = line.split(": ");
      ad.change(replace(dnOf(name, users), attribute, value));
    }
    const told = await refusal([`bindDn=${dnOf(name, users)}`], password);
    expect(told).toContain("InvalidCredentialsError (LDAP result 49)");
    expect(told).toContain(says);
  });

  it("has an old password: it is said", async () => {
    ad.change(account("asks late", { under: users }));
    const length = ["MaximumPasswordAge: -864000000001", "MinimumPasswordAge: 0", "MinimumPasswordLength: 7"];
    const lock = ["LockoutThreshold: 0", "LockoutObservationWindow: 0", "LockoutDuration: 0"];
    const more = ["PasswordHistoryLength: 0", "PasswordReversibleEncryptionEnabled: FALSE"];
    const rules = [
      ...length,
      ...lock,
      ...more,
      "PasswordSettingsPrecedence: 1",
      "PasswordComplexityEnabled: FALSE",
    ];
    const lines = rules.map((line) => `msDS-${line}`).join("\n");
    const dn = `CN=short,CN=Password Settings Container,CN=System,${domain}`;
    const applies = `msDS-PSOAppliesTo: ${dnOf("asks late", users)}`;
    ad.change(`dn: ${dn}\nchangetype: add\nobjectClass: msDS-PasswordSettings\n${lines}\n${applies}\n\n`);
    ad.force(replace(dnOf("asks late", users), "pwdLastSet", "116444736000000000"));
    expect(await refusal([`bindDn=${dnOf("asks late", users)}`])).toContain("is too old there");
  });
});

describe("a base", () => {
  it.each([`OU=nowhere,${domain}`, "DC=elsewhere,DC=example"])(
    "that is not there is told: %s",
    async (base) => {
      expect(await refusal([`userBase=${base}`])).toContain("look at userBase and groupBase");
    },
  );

  it("that has other parts of the forest below it gives what is here", async () => {
    const { set, sync, users: all } = await siteOf(ad);
    await set(`userBase=${domain}`, `groupBase=${domain}`, "userFilter=(sAMAccountName=reader)");
    expect(await sync()).toMatchObject({ rows: 1, errors: [] });
    expect(await all()).toMatchObject([{ name: "reader", groups: ["Domain Users", "Users"] }]);
  });
});

it("1,600 users in one group are read whole, some at a time or all at once, from either side", async () => {
  const { under, set, sync, users: all } = await siteOf(ad);
  const names = Array.from({ length: 1_600 }, (_, at) => `one of many ${at}`);
  const bare = (name: string) =>
    `dn: ${dnOf(name, under)}\nchangetype: add\nobjectClass: user\nsAMAccountName: ${name}\n\n`;
  ad.change(names.map(bare).join(""));
  const members = names.map((name) => dnOf(name, under));
  ad.change(group("many", under, members));
  await set("accountControl=no", `groupBase=${under}`);
  expect(await sync()).toMatchObject({ rows: 1_600, added: 1_600, errors: [] });
  const groups = new Set((await all()).map((user) => user.groups.join()));
  expect([...groups]).toEqual(["Domain Users,many"]);
  await set("groups=member", "pageSize=5000");
  expect(await sync()).toMatchObject({ rows: 1_600, unchanged: 1_600, groupsLeft: 0 });
});
