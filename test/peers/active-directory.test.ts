// `directory sync` from a real domain controller: who its users are and what becomes of them.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  account,
  type ActiveDirectory,
  dnOf,
  group,
  replace,
  startActiveDirectory,
  unit,
  unitDn,
} from "./active-directory-server.ts";
import { siteOf } from "./active-directory-site.ts";

let ad: ActiveDirectory;
beforeAll(async () => {
  ad = await startActiveDirectory();
});
afterAll(() => ad?.stop());

let units = 0;
/** A part of the domain for one test alone, and a server that follows it. */
async function site(...settings: string[]) {
  units += 1;
  const name = `part ${units}`;
  const under = unitDn(name);
  ad.change(unit(name));
  const line = await siteOf(ad, `userBase=${under}`, ...settings);
  const person = (user: string, ...more: string[]) => ad.change(account(user, { under, more }));
  return { ...line, under, person };
}

describe("a sync by the preset", () => {
  it.each([
    ["LDAPS", []],
    ["StartTLS", ["startTls=yes"]],
  ])("takes over names, addresses and groups by %s with the domain's own authority", async (way, more) => {
    const { under, set, sync, users, json } = await site();
    const jan = dnOf(`Jansen, Ján ${way}`, under);
    const named = [
      "displayName:: SsOhbiBKYW5zZW4=",
      "mail: jan@corp.example",
      `userPrincipalName: ${way}@corp.example`,
    ];
    ad.change(account(`jan-${way}`, { under, cn: `Jansen, Ján ${way}`, more: named }));
    ad.change(group(`staff ${way}`, under, [jan]));
    await set(`url=${way === "LDAPS" ? ad.url : ad.url.replace("ldaps", "ldap")}`, ...more);
    expect(await sync()).toMatchObject({ imported: true, added: 1, errors: [] });
    expect(await users()).toMatchObject([
      { name: `jan-${way}`, displayName: "Ján Jansen", groups: [`staff ${way}`], disabled: false },
    ]);
    expect(await json("user", "address", "list", `jan-${way}`)).toMatchObject([
      { address: "jan@corp.example" },
    ]);
    expect(await sync()).toMatchObject({ added: 0, changed: 0, unchanged: 1, gone: 0 });
    await set("nameAttribute=userPrincipalName", "mostDisabledPercent=100");
    await sync();
    const disabled = Object.fromEntries((await users()).map((one) => [one.name, one.disabled]));
    expect(disabled).toEqual({ [`jan-${way}`]: true, [`${way}@corp.example`]: false });
  });

  it("disables whom the domain has disabled, and enables them with it", async () => {
    const { under, person, sync, users } = await site("mostDisabledPercent=100");
    for (const name of ["ann", "ben"]) person(name);
    await sync();
    ad.change(replace(dnOf("ben", under), "userAccountControl", "514"));
    expect(await sync()).toMatchObject({ disabled: 1 });
    expect((await users()).map(({ disabled }) => disabled)).toEqual([false, true]);
    ad.change(replace(dnOf("ben", under), "userAccountControl", "512"));
    expect(await sync()).toMatchObject({ returned: 1 });
  });
});
