// Whom a change of policies would hit, and what would be different for them, before it is made. Users and machines are
// counted by which of the named groups and tags they have: however many there are, only the kinds of them are held.

import { machinesThere } from "../machines/machines.ts";
import { pinWarnings } from "../pins/warnings.ts";
import type { Db } from "../store/store.ts";
import { type PolicyChange, planChange } from "./changes.ts";
import { letOthers, movesOf } from "./moves.ts";
import { listPolicies, type NamedPolicy } from "./policies.ts";
import { unsentWarnings } from "./unsent.ts";

export interface Hit {
  readonly count: number;
  /** The first of them by name. */
  readonly first: readonly string[];
}

export interface Difference {
  /** As in the command line, such as `offline.days`. */
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Users who on some machine go from one policy to another, or stay under one that says something else. */
export interface Move {
  readonly from: string;
  readonly to: string;
  readonly users: number;
  readonly machines: number;
  /** Empty where both say the same. */
  readonly differences: readonly Difference[];
}

export interface Preview {
  readonly before: readonly NamedPolicy[];
  readonly after: readonly NamedPolicy[];
  /** Disabled users are not counted, nor revoked machines. */
  readonly users: Hit;
  readonly machines: Hit;
  readonly moves: readonly Move[];
  /** What whoever makes the change should know, a sentence each. */
  readonly warnings: readonly string[];
}

interface Kind extends Hit {
  readonly has: readonly string[];
}

/** @throws Failure when the change can't be made. */
export async function previewChange(db: Db, change: PolicyChange, most = 10): Promise<Preview> {
  const before = await listPolicies(db);
  const after = planChange(before, change);
  const named = [...before, ...after].map(({ condition }) => condition);
  const people = await kindsOf(db, "users", new Set(named.flatMap(({ groups }) => groups)), most);
  const machines = await kindsOf(db, "machines", new Set(named.flatMap(({ tags }) => tags)), most);
  const unchanged = new Set(after.filter((one) => isUnchanged(one, before)).map(({ name }) => name));
  const stays = (from: NamedPolicy, to: NamedPolicy) => from.name === to.name && unchanged.has(to.name);
  const moves = await movesOf(before, after, people, machines, stays);
  const changed = after.find(({ name }) => change.do === "set" && name === change.name);
  const warnings =
    changed === undefined
      ? []
      : [...(await unsentWarnings(db, changed.policy)), ...(await pinWarnings(db, changed))];
  return {
    before,
    after,
    warnings,
    users: together(new Set(moves.flatMap((move) => move.people)), most),
    machines: together(new Set(moves.flatMap((move) => move.machines)), most),
    moves: moves.map((move) => ({
      from: move.from.name,
      to: move.to.name,
      users: together(new Set(move.people), 0).count,
      machines: together(new Set(move.machines), 0).count,
      differences: differencesOf(move.from.policy, move.to.policy),
    })),
  };
}

function isUnchanged(one: NamedPolicy, before: readonly NamedPolicy[]): boolean {
  const was = before.find(({ name }) => name === one.name);
  return was !== undefined && differencesOf(was.policy, one.policy).length === 0;
}

/** What two policies say differently, field by field. */
export function differencesOf(before: object, after: object, inside = ""): Difference[] {
  const differences: Difference[] = [];
  for (const [key, is] of Object.entries(after)) {
    const was = new Map<string, unknown>(Object.entries(before)).get(key);
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    const field = inside + key;
    if (isObject(was) && isObject(is)) differences.push(...differencesOf(was, is, `${field}.`));
    else differences.push({ field, before: was, after: is });
  }
  return differences;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function together(kinds: ReadonlySet<Kind>, most: number): Hit {
  const all = [...kinds];
  const count = all.reduce((sum, kind) => sum + kind.count, 0);
  const first = all.flatMap((kind) => kind.first).toSorted((a, b) => (a < b ? -1 : 1));
  return { count, first: first.slice(0, most) };
}

const pageRows = 5_000;

/**
 * Who there is, told apart by the names they have among `named`. One kind that has none of them is always there, also when
 * nobody is of it: a change that could hit somebody later is shown, too.
 */
async function kindsOf(
  db: Db,
  what: "users" | "machines",
  named: ReadonlySet<string>,
  most: number,
): Promise<Kind[]> {
  const kinds = new Map<string, { has: string[]; count: number; first: string[] }>();
  kinds.set("[]", { has: [], count: 0, first: [] });
  for (let after = ""; ; ) {
    const page = await pageOf(db, what, after);
    const last = page.at(-1);
    if (last === undefined) return [...kinds.values()];
    const has = await namesOf(db, what, after, last.id, named);
    for (const { id, name } of page) {
      const own = has.get(id) ?? [];
      const key = JSON.stringify(own);
      const kind = kinds.get(key) ?? { has: own, count: 0, first: [] };
      kind.count += 1;
      if (kind.first.length < most || name < (kind.first.at(-1) ?? ""))
        kind.first = [...kind.first, name].toSorted((a, b) => (a < b ? -1 : 1)).slice(0, most);
      kinds.set(key, kind);
    }
    after = last.id;
    await letOthers();
  }
}

function pageOf(db: Db, what: "users" | "machines", after: string): Promise<{ id: string; name: string }[]> {
  return what === "users"
    ? db
        .selectFrom("users")
        .select(["id", "name"])
        .where("disabledAtMs", "is", null)
        .where("id", ">", after)
        .orderBy("id")
        .limit(pageRows)
        .execute()
    : machinesThere(db)
        .select(["id", "hostname as name"])
        .where("revokedAtMs", "is", null)
        .where("id", ">", after)
        .orderBy("id")
        .limit(pageRows)
        .execute();
}

/** By id, of a page; each list sorted, so that the same names make the same kind. */
async function namesOf(
  db: Db,
  what: "users" | "machines",
  after: string,
  through: string,
  named: ReadonlySet<string>,
): Promise<Map<string, string[]>> {
  if (named.size === 0) return new Map();
  const wanted = [...named];
  const rows =
    what === "users"
      ? await db
          .selectFrom("userGroups")
          .select(["userId as id", "groupName as name"])
          .where("userId", ">", after)
          .where("userId", "<=", through)
          .where("groupName", "in", wanted)
          .execute()
      : await db
          .selectFrom("machineTags")
          .select(["machineId as id", "tag as name"])
          .where("machineId", ">", after)
          .where("machineId", "<=", through)
          .where("tag", "in", wanted)
          .execute();
  const byId = Map.groupBy(rows, ({ id }) => id);
  return new Map([...byId].map(([id, of]) => [id, of.map(({ name }) => name).toSorted()]));
}
