// Who is in which group of a directory, groups in groups included.

import type { Entry } from "ldapts";
import { Failure } from "../failure.ts";
import { groupNameFault } from "../import/record.ts";
import { type Connection, type Search, texts } from "./connect.ts";
import { isSid, primaryGroup, PrimaryGroups } from "./primary-group.ts";
import type { Directory } from "./settings.ts";

/** Held in memory: what is more is no directory of people, or a wrong filter. */
const mostGroups = 100_000;
const mostMembers = 5_000_000;
/** Names that could not be taken are told, some of them. */
const toldNames = 100;

interface Group {
  readonly name: string;
  /** Groups that this one is in, by DN. */
  readonly parents: Set<string>;
}

export class DirectoryGroups {
  readonly #directory: Directory;
  readonly #groups = new Map<string, Group>();
  readonly #groupsOfMember = new Map<string, string[]>();
  readonly #primary = new PrimaryGroups();
  readonly #unusable = new Set<string>();
  /** DNs as the directory writes them, for the names of groups that were not searched for. */
  readonly #written = new Map<string, string>();

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** Names of groups that can't be groups here, and are not mapped to one; SIDs of primary groups that are hidden from us. */
  get unusable(): readonly string[] {
    return [...this.#unusable].sort();
  }

  /** What has to be known of a user. */
  get ofUsers(): Pick<Search, "attributes" | "binary"> {
    const { groups } = this.#directory;
    if (groups === "none") return { attributes: [] };
    return groups === "member"
      ? primaryGroup
      : { ...primaryGroup, attributes: ["memberOf", ...primaryGroup.attributes] };
  }

  async load(connection: Connection): Promise<void> {
    const { groups, groupBase, groupFilter, groupNameAttribute, groupMemberAttribute } = this.#directory;
    if (groups === "none" || groupBase === "") return;
    const by = groups === "member" ? groupMemberAttribute : "memberOf";
    let members = 0;
    const search = { base: groupBase, filter: groupFilter, attributes: [groupNameAttribute, by] };
    for await (const entry of connection.search(search)) {
      const [name] = texts(entry, groupNameAttribute);
      const dn = fold(entry.dn);
      refuseParts(entry, by);
      const related = groups === "member" ? texts(entry, by).map(fold) : this.#folded(texts(entry, by));
      members += related.length;
      if (this.#groups.size >= mostGroups || members > mostMembers)
        throw new Failure(
          "invalid",
          "the directory has more groups or members than can be: look at groupBase and groupFilter",
        );
      if (name === undefined) continue;
      this.#groups.set(dn, { name, parents: new Set(groups === "memberOf" ? related : []) });
      if (groups === "member") for (const member of related) push(this.#groupsOfMember, member, dn);
    }
    for (const [dn, { parents }] of this.#groups)
      for (const parent of this.#groupsOfMember.get(dn) ?? []) parents.add(parent);
  }

  /** What the user's groups are called here. @throws Failure when the directory breaks off. */
  async of(user: Entry, connection: Connection): Promise<readonly string[]> {
    const { groups } = this.#directory;
    if (groups === "none") return [];
    const told =
      groups === "memberOf"
        ? this.#folded(texts(user, "memberOf"))
        : (this.#groupsOfMember.get(fold(user.dn)) ?? []);
    const primary = await this.#primary.of(connection, user);
    const own = [...told, ...this.#folded(primary === undefined ? [] : [primary])];
    const seen = new Set(own);
    let edge = [...seen];
    for (let depth = 0; depth < this.#directory.nestedGroups && edge.length > 0; depth += 1) {
      const next = edge.flatMap((group) => [...(this.#groups.get(group)?.parents ?? [])]);
      edge = next.filter((group) => !seen.has(group));
      for (const group of edge) seen.add(group);
    }
    const names = [...seen].map((group) => this.#called(group)).filter((name) => name !== undefined);
    return [...new Set(names)].sort();
  }

  /** Of groups, to be named by what is written there if need be. */
  #folded(dns: readonly string[]): string[] {
    return dns.map((dn) => {
      const folded = fold(dn);
      if (this.#written.size < mostGroups) this.#written.set(folded, dn);
      return folded;
    });
  }

  #called(dn: string): string | undefined {
    const { groupMap } = this.#directory;
    const name = this.#groups.get(dn)?.name ?? firstValue(this.#written.get(dn) ?? dn);
    const mapped = Object.entries(groupMap).find(
      ([theirs]) => fold(theirs) === dn || fold(theirs) === fold(name),
    );
    if (mapped !== undefined) return mapped[1];
    if (Object.keys(groupMap).length > 0) return undefined;
    if (groupNameFault(name) === undefined && !isSid(name)) return name;
    if (this.#unusable.size < toldNames) this.#unusable.add(name);
    return undefined;
  }
}

/** Active Directory gives the members of large groups in parts, and the first part would pass for all. */
function refuseParts(entry: Entry, attribute: string): void {
  const part = `${attribute.toLowerCase()};range=`;
  if (Object.keys(entry).some((name) => name.toLowerCase().startsWith(part)))
    throw new Failure("invalid", "the directory gives the members of a group in parts; say groups=memberOf");
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [value]);
  else present.push(value);
}

/** DNs are the same in upper and lower case, and with spaces behind their commas. */
function fold(dn: string): string {
  return dn
    .toLowerCase()
    .replaceAll(/\s*,\s*/g, ",")
    .trim();
}

/** `Staff` of `cn=Staff,ou=groups,…`, for a group that was not among those searched for. */
function firstValue(dn: string): string {
  const value = /^[^=]+=((?:\\.|[^,\\])*)/.exec(dn)?.[1] ?? dn;
  // RFC 4514 section 2.4: bytes as pairs of digits, other signs behind a backslash.
  return value.replaceAll(/((?:\\[\da-f]{2})+)|\\(.)/gi, (_, bytes: string | undefined, sign: string) =>
    bytes === undefined ? sign : Buffer.from(bytes.replaceAll("\\", ""), "hex").toString("utf8"),
  );
}
