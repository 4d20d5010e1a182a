// Whom a sync would touch, by name, for whoever looks before it is done: the first of each sort, and what would be different
// about those that change.

import { toSwitch } from "../import/apply.ts";
import type { Db, Tx } from "../store/store.ts";

/** Of each sort so many are named; the counts of the report say how many there are. */
const mostNamed = 50;

export interface ChangedUser {
  readonly name: string;
  /** Such as `group +staff`; only after a dry run. */
  readonly differences: readonly string[];
}

export interface Affected {
  readonly added: readonly string[];
  readonly changed: readonly ChangedUser[];
  /** There, and disabled there. */
  readonly disabled: readonly string[];
  /** Not there any more. */
  readonly gone: readonly string[];
  readonly returned: readonly string[];
  /** Whose entries have another name now. */
  readonly newNames: readonly NewName[];
}

export interface NewName {
  readonly from: string;
  readonly to: string;
}

interface Staged {
  readonly line: number;
  readonly userId: string;
  readonly name: string;
  readonly saysGroups: number;
}

export class NotedUsers {
  readonly #leavesGroups: boolean;
  #added: readonly string[] = [];
  #changed: readonly Staged[] = [];
  #disabled: readonly string[] = [];
  #gone: string[] = [];
  #returned: string[] = [];
  #newNames: readonly NewName[] = [];
  readonly #differences = new Map<string, readonly string[]>();

  /** `leavesGroups`: the sync ends memberships, too. */
  constructor(leavesGroups: boolean) {
    this.#leavesGroups = leavesGroups;
  }

  /** First in the transaction, which may be begun again. */
  async before(tx: Tx, importId: string): Promise<void> {
    this.#gone = [];
    this.#returned = [];
    // One of them may be the last admin, who stays.
    const rows = await toSwitch(tx, importId, 1)
      .orderBy("users.name")
      .limit(mostNamed + 1)
      .execute();
    this.#disabled = rows.map(({ name }) => name);
  }

  gone(name: string): void {
    if (this.#gone.length < mostNamed) this.#gone.push(name);
  }

  returned(name: string): void {
    if (this.#returned.length < mostNamed) this.#returned.push(name);
  }

  /** Last in the transaction. */
  async behind(tx: Tx, importId: string): Promise<void> {
    const some = tx
      .selectFrom("importUsers")
      .where("importId", "=", importId)
      .where("bad", "=", 0)
      .orderBy("name")
      .limit(mostNamed)
      .select(["line", "userId", "name", "saysGroups"]);
    const renamed = await some.where("renamedFrom", "is not", null).select("renamedFrom").execute();
    this.#newNames = renamed.map(({ renamedFrom, name }) => ({ from: renamedFrom ?? name, to: name }));
    this.#added = (await some.where("present", "=", 0).execute()).map(({ name }) => name);
    this.#changed = await some.where("present", "=", 1).where("changed", "=", 1).execute();
  }

  /** What is staged against what there is. */
  async compare(db: Db, importId: string): Promise<void> {
    for (const staged of this.#changed)
      this.#differences.set(staged.userId, await differencesOf(db, importId, staged, this.#leavesGroups));
  }

  affected(adminsKept: readonly string[]): Affected {
    const disabled = this.#disabled.filter((name) => !adminsKept.includes(name)).slice(0, mostNamed);
    return {
      added: this.#added,
      changed: this.#changed.map(({ userId, name }) => ({
        name,
        differences: this.#differences.get(userId) ?? [],
      })),
      disabled,
      gone: this.#gone.toSorted(),
      returned: this.#returned.toSorted(),
      newNames: this.#newNames,
    };
  }
}

async function differencesOf(
  db: Db,
  importId: string,
  { line, userId, saysGroups }: Staged,
  leavesGroups: boolean,
): Promise<string[]> {
  const [joined, left] = await otherGroups(db, importId, line, userId);
  return [
    ...(await otherName(db, importId, line, userId)),
    ...joined.map((name) => `group +${name}`),
    ...(leavesGroups && saysGroups === 1 ? left.map((name) => `group −${name}`) : []),
    ...(await otherAddresses(db, importId, line, userId)),
  ];
}

async function otherName(db: Db, importId: string, line: number, userId: string): Promise<string[]> {
  const row = await db
    .selectFrom("importUsers")
    .innerJoin("users", (join) => join.on("users.id", "=", userId))
    .where("importId", "=", importId)
    .where("line", "=", line)
    .whereRef("users.displayName", "<>", "importUsers.displayName")
    .select("importUsers.displayName")
    .executeTakeFirst();
  return row === undefined ? [] : [`display name "${row.displayName}"`];
}

/** Those that the user would come into, and those that the directory would end. */
async function otherGroups(
  db: Db,
  importId: string,
  line: number,
  userId: string,
): Promise<readonly [readonly string[], readonly string[]]> {
  const staged = await db
    .selectFrom("importGroups")
    .where("importId", "=", importId)
    .where("line", "=", line)
    .orderBy("groupName")
    .select("groupName")
    .execute();
  const present = await db
    .selectFrom("userGroups")
    .where("userId", "=", userId)
    .orderBy("groupName")
    .select("groupName")
    .execute();
  const named = new Set(staged.map(({ groupName }) => groupName));
  const has = new Set(present.map(({ groupName }) => groupName));
  const left = [...has].filter((name) => !named.has(name));
  const directorys = await ofDirectory(db, importId, left);
  return [[...named].filter((name) => !has.has(name)), left.filter((name) => directorys.has(name))];
}

/** Groups that the directory names now, or has named once: the others are left to whoever made them. */
async function ofDirectory(db: Db, importId: string, names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const once = await db
    .selectFrom("directoryGroups")
    .where("groupName", "in", names)
    .select("groupName")
    .execute();
  const now = await db
    .selectFrom("importGroups")
    .where("importId", "=", importId)
    .where("groupName", "in", names)
    .distinct()
    .select("groupName")
    .execute();
  return new Set([...once, ...now].map(({ groupName }) => groupName));
}

async function otherAddresses(db: Db, importId: string, line: number, userId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("importAddresses")
    .leftJoin("addresses", (join) =>
      join.onRef("addresses.place", "=", "importAddresses.place").on("addresses.userId", "=", userId),
    )
    .where("importId", "=", importId)
    .where("line", "=", line)
    .orderBy("importAddresses.place")
    .select(["importAddresses.place", "importAddresses.address", "addresses.address as present"])
    .execute();
  return rows
    .filter(({ address, present }) => address !== present)
    .map(({ place, address }) => `${place} ${address}`);
}
