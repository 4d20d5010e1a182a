// Accounts of a real domain controller that are called something else: by their logon name, their principal name, their DN.

import { expect, it } from "vitest";
import { account, base64, dnOf, replace } from "./active-directory-server.ts";
import { siteOf } from "./active-directory-site.ts";
import { ownActiveDirectory } from "./own-active-directory.ts";

const ad = ownActiveDirectory();

async function site(...people: readonly string[]) {
  const made = await siteOf(ad, "mostDisabledPercent=100");
  ad.change(people.map((name) => account(name, { under: made.under })).join(""));
  expect(await made.sync()).toMatchObject({ added: people.length, errors: [] });
  const named = (name: string, to: string) => replace(dnOf(name, made.under), "sAMAccountName", to);
  return { ...made, named };
}

it("an account whose logon name is another one is the same user", async () => {
  const { json, named, sync, users } = await site("ann", "ben");
  await json("authenticator", "add", "totp", "ann");
  ad.change(named("ann", "ann-marie"));
  const newNames = [{ from: "ann", to: "ann-marie" }];
  expect(await sync("--dry-run")).toMatchObject({ newNames: 1, affected: { newNames }, gone: 0, added: 0 });
  expect(await sync()).toMatchObject({ newNames: 1, gone: 0, added: 0, errors: [] });
  expect(await users()).toMatchObject([
    { name: "ann-marie", disabled: false, authenticators: 1 },
    { name: "ben", disabled: false },
  ]);
  ad.change(named("ann", "ANN-MARIE"));
  expect(await sync()).toMatchObject({ newNames: 0, unchanged: 2 });
});

it("an account that was renamed in its DN alone is called as before", async () => {
  const { sync, under } = await site("cid");
  const to = `newrdn:: ${base64("CN=Cid Senior")}`;
  ad.change(`dn:: ${base64(dnOf("cid", under))}\nchangetype: modrdn\n${to}\ndeleteoldrdn: 1\n\n`);
  expect(await sync()).toMatchObject({ newNames: 0, unchanged: 1, gone: 0 });
});

it("accounts that have swapped their names are refused by DN, and nobody is disabled", async () => {
  const { enabled, named, sync, under } = await site("dan", "eli");
  ad.change(named("dan", "between") + named("eli", "dan") + named("dan", "eli"));
  const { errors, ...report } = (await sync()) as { errors: { dn: string; fault: string }[] };
  expect(report).toMatchObject({ badLines: 2, newNames: 0, gone: 0 });
  expect(errors.map(({ dn }) => dn).toSorted()).toEqual([dnOf("dan", under), dnOf("eli", under)]);
  expect(errors.every(({ fault }) => fault.includes("who stays as it is"))).toBe(true);
  expect(await enabled()).toEqual(["dan", "eli"]);
});
