// The group of Active Directory's users that neither side tells by a DN: the user has its number within the domain, and the
// domain's part of every SID is the same.

import type { Entry } from "ldapts";
import { type Connection, texts } from "./connect.ts";

const number = "primaryGroupID";
const sid = "objectSid";

export const primaryGroup = { attributes: [number, sid], binary: [sid] } as const;

export class PrimaryGroups {
  /** There are few: almost everybody has the same one. */
  readonly #dns = new Map<string, string>();

  /** Its DN; its SID where it is not shown to whoever asks. @throws Failure when the directory breaks off. */
  async of(connection: Connection, user: Entry): Promise<string | undefined> {
    const group = sidOfGroup(user);
    const base = domainOf(user.dn);
    if (group === undefined || base === "") return undefined;
    const dn = this.#dns.get(group) ?? (await dnOf(connection, base, group));
    this.#dns.set(group, dn);
    return dn;
  }
}

async function dnOf(connection: Connection, base: string, group: string): Promise<string> {
  const search = { base, filter: `(${sid}=${group})`, attributes: ["cn"] };
  for await (const { dn } of connection.search(search)) return dn;
  return group;
}

/** As it is written: `S-1-5-21-…-513`. */
function sidOfGroup(user: Entry): string | undefined {
  const [relative = ""] = texts(user, number);
  const bytes = Buffer.from(texts(user, sid)[0] ?? "", "hex");
  const count = bytes[1] ?? 0;
  if (!/^\d{1,10}$/.test(relative) || bytes[0] !== 1 || count < 2 || bytes.length !== 8 + 4 * count)
    return undefined;
  // The last one is the user's own.
  const parts = Array.from({ length: count - 1 }, (_, at) => bytes.readUInt32LE(8 + 4 * at));
  return ["S", 1, bytes.readUIntBE(2, 6), ...parts, relative].join("-");
}

/** Of a group that has no other name for us. */
export const isSid = (name: string) => /^S-1-\d/.test(name);

/** `DC=corp,DC=example`, of which the rest of a DN is a part. */
function domainOf(dn: string): string {
  const parts = dn.match(/(?:\\.|[^\\,])+/gs) ?? [];
  const last = parts.findLastIndex((part) => !/^\s*dc=/i.test(part));
  return parts.slice(last + 1).join(",");
}
