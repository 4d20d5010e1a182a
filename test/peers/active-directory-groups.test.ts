// Which groups of a domain controller's users a sync takes over.

import { describe, expect, it } from "vitest";
import { account, dnOf, domain, group } from "./active-directory-server.ts";
import { siteOf } from "./active-directory-site.ts";
import { ownActiveDirectory } from "./own-active-directory.ts";

const ad = ownActiveDirectory();

const primary = "Domain Users";

/** With these people and these groups, in the order in which they are there. */
async function site(
  people: readonly string[],
  groups: Readonly<Record<string, readonly string[]>>,
  ...settings: string[]
) {
  const made = await siteOf(ad, ...settings);
  const { under } = made;
  ad.change(people.map((name) => account(name, { under })).join(""));
  for (const [name, members] of Object.entries(groups))
    ad.change(
      group(
        name,
        under,
        members.map((member) => dnOf(member, under)),
      ),
    );
  const groupsOf = async (name: string) => (await made.users()).find((user) => user.name === name)?.groups;
  return { ...made, groupsOf };
}

describe.each(["memberOf", "member"])("by %s", (way) => {
  const named = (name: string) => `${name} ${way}`;
  const settings = [`groups=${way}`, `groupBase=${domain}`, "groupFilter=(objectClass=group)"];

  it("groups in groups are followed, also in a circle", async () => {
    const [staff, all, ada] = [named("staff"), named("all"), named("ada")];
    const { under, sync, groupsOf } = await site([ada], { [staff]: [ada], [all]: [staff] }, ...settings);
    ad.change(`dn: ${dnOf(staff, under)}\nchangetype: modify\nadd: member\nmember: ${dnOf(all, under)}\n\n`);
    expect(await sync()).toMatchObject({ added: 1, errors: [] });
    expect(await groupsOf(ada)).toEqual(expect.arrayContaining([all, staff]));
  });

  it("the primary group counts, whichever it is, and the groups that it is in", async () => {
    const [crew, ships, pia] = [named("crew"), named("ships"), named("pia")];
    const people = { [crew]: [pia], [ships]: [crew] };
    const { sync, groupsOf } = await site([pia], people, ...settings);
    await sync();
    expect(await groupsOf(pia)).toEqual(expect.arrayContaining([primary, "Users", crew, ships]));
    // Neither says it from now on, and Domain Users is one like any other.
    ad.tool("user", "setprimarygroup", pia, crew);
    expect(await sync()).toMatchObject({ unchanged: 1 });
    expect(await groupsOf(pia)).toEqual(expect.arrayContaining([primary, "Users", crew, ships]));
    ad.tool("group", "removemembers", primary, pia);
    expect(await sync()).toMatchObject({ changed: 1 });
    expect(await groupsOf(pia)).toEqual([crew, ships]);
  });

  it("a name of signs that no group has here is told, and mapped by name or DN", async () => {
    const [sales, kate, size] = [named('Sales, "West" #1'), named("kate"), named("Größe \\ <5>")];
    const people = { [sales]: [kate], [size]: [kate], [named("Fähre")]: [kate] };
    const { under, set, sync, groupsOf } = await site([kate], people, ...settings);
    expect(await sync()).toMatchObject({ unusableGroups: [size, sales] });
    expect(await groupsOf(kate)).toEqual([primary, named("Fähre"), "Users"]);
    await set(`groupMap=${sales}=sales;${dnOf(size, under)}=size;${primary}=everybody`);
    expect(await sync()).toMatchObject({ unusableGroups: [] });
    expect(await groupsOf(kate)).toEqual(["everybody", "sales", "size"]);
  });
});

describe("by memberOf with no base of groups", () => {
  it("users' own groups and the primary one are named by their DN", async () => {
    const own = "Grün-Tee";
    const { sync, groupsOf } = await site(["tom"], { [own]: ["tom"] });
    await sync();
    expect(await groupsOf("tom")).toEqual([primary, own]);
  });

  it("a primary group that bindDn may not read is told, and mapped by its SID", async () => {
    const { under, set, sync, groupsOf } = await site(["una"], { hidden: ["una"] });
    ad.tool("user", "setprimarygroup", "una", "hidden");
    ad.tool("dsacl", "set", `--objectdn=${dnOf("hidden", under)}`, "--sddl=(D;;GA;;;AU)");
    const { errors, unusableGroups } = await sync();
    expect([errors, unusableGroups]).toEqual([[], [expect.stringMatching(/^S-1-5-21(-\d+){4}$/)]]);
    expect(await groupsOf("una")).toEqual([primary]);
    await set(`groupMap=${unusableGroups[0]}=night watch`);
    expect(await sync()).toMatchObject({ unusableGroups: [] });
    expect(await groupsOf("una")).toEqual(["night watch"]);
  });

  it("a user who is called like a part of the domain has its primary group", async () => {
    const { under, sync, groupsOf } = await site([], {});
    ad.change(account("nan", { under, cn: "nan,dc=evil" }));
    ad.change(account("ned", { under, cn: "ned\\" }));
    expect(await sync()).toMatchObject({ added: 2 });
    expect([await groupsOf("nan"), await groupsOf("ned")]).toEqual([[primary], [primary]]);
  });
});
