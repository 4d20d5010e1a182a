// The people of a directory as a source of records.

import type { Entry } from "ldapts";
import { type Cells, readRecord, type Source, type SourceRecord } from "../import/record.ts";
import { type Connection, texts } from "./connect.ts";
import { isShut } from "./account-control.ts";
import type { DirectoryGroups } from "./groups.ts";
import type { Directory } from "./settings.ts";

/** Read as text they would lose what tells them apart. */
const isBinary = (attribute: string) => /^(objectGUID|objectSid|mS-DS-ConsistencyGuid)$/i.test(attribute);
/** Of a DN so much is kept, to tell an entry by; nobody types a longer one. */
const mostOfDn = 1_000;

export class DirectoryEntries {
  readonly #directory: Directory;
  readonly #groups: DirectoryGroups;
  readonly #nowMs: number;
  readonly #dns = new Map<number, string>();
  /** Those whose entry could not be read: they are there nevertheless, and not shut out. */
  readonly unreadable = new Set<string>();

  constructor(directory: Directory, groups: DirectoryGroups, nowMs: number) {
    this.#directory = directory;
    this.#groups = groups;
    this.#nowMs = nowMs;
  }

  /** What something is wrong with may be seen beside all other entries only. */
  dnOf(line: number): string | undefined {
    return this.#dns.get(line);
  }

  async *records(connection: Connection): Source {
    const { userBase, userFilter, idAttribute, ...named } = this.#directory;
    const attributes = [
      named.nameAttribute,
      named.displayNameAttribute,
      named.emailAttribute,
      named.phoneAttribute,
      idAttribute,
      ...(named.accountControl ? ["userAccountControl", "accountExpires"] : []),
      ...this.#groups.ofUsers.attributes,
    ].filter((name) => name !== "");
    const binary = [...(isBinary(idAttribute) ? [idAttribute] : []), ...(this.#groups.ofUsers.binary ?? [])];
    let line = 0;
    for await (const entry of connection.search({ base: userBase, filter: userFilter, attributes, binary })) {
      line += 1;
      this.#dns.set(line, entry.dn.slice(0, mostOfDn));
      const [externalId] = texts(entry, idAttribute);
      if (externalId === undefined) {
        yield { line, fault: `has no ${idAttribute}` };
        continue;
      }
      const record = { line, cells: await this.#cells(entry, connection), externalId };
      if (readRecord(record, "base32").ok) yield record;
      else yield this.#unfit(record);
    }
  }

  /** Who is shut out there is so here, whatever else is wrong with the entry: some of it may be theirs to write. */
  #unfit(record: SourceRecord & { readonly externalId: string }): SourceRecord {
    const { name = "", groups = "", disabled = "" } = record.cells;
    if (disabled === "") {
      this.unreadable.add(record.externalId);
      return record;
    }
    return { ...record, cells: { name, groups, disabled } };
  }

  async #cells(entry: Entry, connection: Connection): Promise<Cells> {
    const { accountControl, ...named } = this.#directory;
    const one = (attribute: string) => texts(entry, attribute)[0] ?? "";
    const shut = accountControl && isShut(one("userAccountControl"), one("accountExpires"), this.#nowMs);
    return {
      name: one(named.nameAttribute),
      displayName: one(named.displayNameAttribute).slice(0, 200),
      email: one(named.emailAttribute),
      phone: one(named.phoneAttribute),
      groups: (await this.#groups.of(entry, connection)).join("|"),
      // Never "no": who was disabled here stays disabled here.
      disabled: shut ? "yes" : "",
    };
  }
}
