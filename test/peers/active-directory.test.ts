// `directory sync` from a real domain controller: who its users are and what becomes of them.

import { describe, expect, it } from "vitest";
import { openServer } from "../../server/identity/open-server.ts";
import { minuteMs } from "../../words/clock.ts";
import { random } from "../server/fixture.ts";
import { account, dnOf, fileTime, group, replace } from "./active-directory-server.ts";
import { siteOf } from "./active-directory-site.ts";
import { ownActiveDirectory } from "./own-active-directory.ts";

const ad = ownActiveDirectory();

/** `people` are made in its part of the domain. */
async function site(people: readonly string[], ...settings: string[]) {
  const made = await siteOf(ad, "mostDisabledPercent=100", ...settings);
  const { under } = made;
  ad.change(people.map((name) => account(name, { under })).join(""));
  return { ...made, dn: (name: string) => dnOf(name, under) };
}

describe("a sync by the preset", () => {
  it.each([
    ["LDAPS", []],
    ["StartTLS", ["startTls=yes"]],
  ])("takes over names, addresses and groups by %s with the domain's own authority", async (way, more) => {
    const { under, set, sync, users, json } = await site([]);
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
      {
        name: `jan-${way}`,
        displayName: "Ján Jansen",
        groups: ["Domain Users", `staff ${way}`],
        disabled: false,
      },
    ]);
    expect(await json("user", "address", "list", `jan-${way}`)).toMatchObject([
      { address: "jan@corp.example" },
    ]);
    expect(await sync()).toMatchObject({ added: 0, changed: 0, unchanged: 1, gone: 0 });
    await set("nameAttribute=userPrincipalName");
    await sync();
    expect(await users()).toMatchObject([{ name: `${way}@corp.example`, disabled: false }]);
  });

  it("knows users by what they are, and takes neither computers nor the accounts of trusts for any", async () => {
    const { under, sync, users } = await site(["uta"]);
    const computer = ["objectClass: computer", "userAccountControl: 4128", "sAMAccountName: PC1$"];
    ad.change(`dn: CN=PC1,${under}\nchangetype: add\n${computer.join("\n")}\n\n`);
    ad.change(`dn: CN=A contact,${under}\nchangetype: add\nobjectClass: contact\n\n`);
    const trust = ["objectClass: user", "userAccountControl: 2080", "sAMAccountName: OTHER$"];
    ad.force(`dn: CN=OTHER$,${under}\nchangetype: add\n${trust.join("\n")}\n\n`);
    expect(await sync()).toMatchObject({ rows: 1, errors: [] });
    expect(await users()).toMatchObject([{ name: "uta" }]);
  });
});

describe("an account", () => {
  it("that the domain has disabled is disabled, and enabled with it", async () => {
    const { dn, sync, enabled } = await site(["ann", "ben"]);
    await sync();
    ad.change(replace(dn("ben"), "userAccountControl", "514"));
    expect(await sync()).toMatchObject({ disabled: 1 });
    expect(await enabled()).toEqual(["ann"]);
    ad.change(replace(dn("ben"), "userAccountControl", "512"));
    expect(await sync()).toMatchObject({ returned: 1 });
  });

  it("that has expired is disabled, and enabled when it was given more time", async () => {
    const { clock, dn, sync, enabled } = await site(["eva", "eik", "era", "eno"]);
    const expires = (name: string, value: string) => ad.change(replace(dn(name), "accountExpires", value));
    expires("eva", fileTime(clock.nowMs + minuteMs));
    expires("eik", fileTime(clock.nowMs));
    // Both say never.
    expires("era", "0");
    expires("eno", "9223372036854775807");
    expect(await sync()).toMatchObject({ added: 4 });
    expect(await enabled()).toEqual(["eno", "era", "eva"]);
    clock.pass(minuteMs);
    expect(await sync()).toMatchObject({ disabled: 1 });
    expect(await enabled()).toEqual(["eno", "era"]);
    expires("eik", fileTime(clock.nowMs + minuteMs));
    expect(await sync()).toMatchObject({ returned: 1 });
    expect(await enabled()).toEqual(["eik", "eno", "era"]);
  });

  it("that somebody's guesses have locked stays enabled: whoever guesses would decide who comes in", async () => {
    const { clock, dn, sync, enabled } = await site(["lea"]);
    await sync();
    ad.change(replace(dn("lea"), "lockoutTime", fileTime(clock.nowMs)));
    expect(await sync()).toMatchObject({ unchanged: 1 });
    expect(await enabled()).toEqual(["lea"]);
  });

  it("that moved, or whose entry has another name, is the same user, by 16 bytes of any value", async () => {
    const { data, clock, dn, under, sync, users } = await site(["moe"]);
    await sync();
    const known = async () => {
      const { store } = await openServer(data, clock, random);
      const rows = await store.db.selectFrom("directoryUsers").select(["userId", "externalId"]).execute();
      await store.close();
      return rows;
    };
    const before = await known();
    expect(before).toMatchObject([{ externalId: expect.stringMatching(/^[0-9a-f]{32}$/) }]);
    ad.change(`dn: OU=moved,${under}\nchangetype: add\nobjectClass: organizationalUnit\n\n`);
    const renamed = [
      "changetype: modrdn",
      "newrdn: CN=Möller\\, Moe",
      "deleteoldrdn: 1",
      `newsuperior: OU=moved,${under}`,
    ];
    ad.change(`dn: ${dn("moe")}\n${renamed.join("\n")}\n\n`);
    expect(await sync()).toMatchObject({ added: 0, unchanged: 1, gone: 0 });
    expect(await known()).toEqual(before);
    expect(await users()).toMatchObject([{ name: "moe", disabled: false }]);
  });

  it("that is deleted is disabled", async () => {
    const { dn, sync, enabled } = await site(["del", "dan"]);
    await sync();
    ad.change(`dn: ${dn("del")}\nchangetype: delete\n\n`);
    expect(await sync()).toMatchObject({ gone: 1 });
    expect(await enabled()).toEqual(["dan"]);
  });

  it("that is disabled there is disabled, whatever else of its entry can't be taken", async () => {
    const { dn, sync, enabled } = await site(["mia", "max"], "nameAttribute=displayName");
    for (const name of ["mia", "max"]) ad.change(replace(dn(name), "displayName", name));
    await sync();
    const shut = (name: string) => ad.change(replace(dn(name), "userAccountControl", "514"));
    // Whoever may write in their own entry could stay by that.
    ad.change(replace(dn("mia"), "mail", "no address"));
    shut("mia");
    expect(await sync()).toMatchObject({ badLines: 0, disabled: 1 });
    expect(await enabled()).toEqual(["max"]);
    ad.change(replace(dn("mia"), "userAccountControl", "512"));
    expect(await sync()).toMatchObject({ badLines: 1, returned: 0 });
    ad.change(replace(dn("mia"), "mail", "mia@corp.example"));
    expect(await sync()).toMatchObject({ badLines: 0, returned: 1 });
    ad.change(replace(dn("max"), "displayName", "MIA"));
    shut("max");
    expect(await sync()).toMatchObject({ gone: 1 });
    expect(await enabled()).toEqual(["mia"]);
  });

  it("whose name changes between small and capital letters is the same user, by the name that is here", async () => {
    const { dn, sync, users } = await site(["cora"]);
    await sync();
    ad.change(replace(dn("cora"), "sAMAccountName", "Cora"));
    expect(await sync()).toMatchObject({ badLines: 0, unchanged: 1, gone: 0 });
    expect(await users()).toMatchObject([{ name: "cora", disabled: false }]);
  });

  it("is told by its DN when it can't be taken, however that is written", async () => {
    const { under, sync } = await site([]);
    const cn = 'Müller, Jörg "JM" + #1';
    ad.change(account("jm", { under, cn, more: ["mail: no address"] }));
    const { errors } = await sync();
    expect(errors).toMatchObject([{ dn: expect.stringMatching(/^CN=Müller\\, Jörg /), field: "email" }]);
  });
});
