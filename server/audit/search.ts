// The audit in pages, the newest first, found by whom or what an entry is about.

import { containing } from "../store/containing.ts";
import type { Db } from "../store/store.ts";
import type { ListedEntry } from "./audit.ts";

export interface AuditSearch {
  /** Exactly these, as they are written in the entries; empty for all. */
  readonly user: string;
  readonly machine: string;
  /** Any of these; undefined for all. */
  readonly machines?: readonly string[] | undefined;
  readonly kind: string;
  readonly operator: string;
  /** Entries of this moment and later, and before that one. */
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

export interface AuditPage {
  readonly rows: readonly ListedEntry[];
  /** Of the next page: entries below this id. Undefined on the last one. */
  readonly before: number | undefined;
}

/** Below the entry `before`, where one is named: entries that come meanwhile shift nothing. */
export async function pageOfAudit(
  db: Db,
  search: AuditSearch,
  before: number | undefined,
  limit: number,
): Promise<AuditPage> {
  const rows = await narrowed(db, search)
    .$if(before !== undefined, (some) => some.where("id", "<", before ?? 0))
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  return { rows: shown.map(entryOf), before: rows.length > limit ? shown.at(-1)?.id : undefined };
}

const stepRows = 1_000;

/** All that match, the newest first, fetched a thousand at a time. */
export async function* eachOfAudit(db: Db, search: AuditSearch): AsyncGenerator<ListedEntry> {
  let before: number | undefined;
  do {
    const page = await pageOfAudit(db, search, before, stepRows);
    yield* page.rows;
    before = page.before;
  } while (before !== undefined);
}

/** Exactly these, the oldest first. */
export async function entriesOf(db: Db, ids: readonly number[]): Promise<ListedEntry[]> {
  const rows = await db
    .selectFrom("audit")
    .selectAll()
    .where("id", "in", ids)
    .orderBy("atMs")
    .orderBy("id")
    .execute();
  return rows.map(entryOf);
}

/** Those that stand in the newest entries, by name: so many are looked at, however long the audit is. */
export async function recentKinds(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom(db.selectFrom("audit").select("kind").orderBy("id", "desc").limit(5_000).as("newest"))
    .select("kind")
    .distinct()
    .orderBy("kind")
    .execute();
  return rows.map(({ kind }) => kind);
}

function narrowed(db: Db, { user, machine, machines, kind, operator, fromMs, untilMs }: AuditSearch) {
  return db
    .selectFrom("audit")
    .selectAll()
    .$if(user !== "", (some) => some.where("userName", "=", user))
    .$if(machine !== "", (some) => some.where("machineId", "=", machine))
    .$if(machines !== undefined, (some) =>
      some.where("machineId", "in", machines?.length === 0 ? [""] : (machines ?? [])),
    )
    .$if(kind !== "", (some) => some.where("kind", "=", kind))
    .$if(operator !== "", (some) => some.where(containing("operator", operator)))
    .$if(fromMs !== undefined, (some) => some.where("atMs", ">=", fromMs ?? 0))
    .$if(untilMs !== undefined, (some) => some.where("atMs", "<", untilMs ?? 0));
}

function entryOf(row: {
  id: number;
  atMs: number;
  kind: string;
  source: "server" | "machine";
  userName: string | null;
  machineId: string | null;
  operator: string | null;
  detail: string;
}): ListedEntry {
  const { id, atMs, kind, source, userName, machineId, operator, detail } = row;
  return { id, atMs, kind, source, user: userName, machine: machineId, operator, detail: JSON.parse(detail) };
}
