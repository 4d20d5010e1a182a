// What happened, for admins: the server's own entries and the machines' events in one order of arrival.

import { containing } from "../store/containing.ts";
import { statement } from "../store/statement.ts";
import type { Db, Tx } from "../store/store.ts";
import { operatorOf } from "./operator.ts";

export interface AuditEntry {
  readonly atMs: number;
  /** A stable word: `sign-in-granted`, `sequence-conflict`, `policy-changed`, … */
  readonly kind: string;
  readonly source: "server" | "machine";
  readonly user: string | null;
  readonly machine: string | null;
  /** Never a code, a secret or a token. */
  readonly detail: Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;
}

/** An entry of the server's own. */
export function serverEntry(
  atMs: number,
  kind: string,
  about: { readonly user?: string; readonly machine?: string },
  detail: AuditEntry["detail"] = {},
): AuditEntry {
  return { atMs, kind, source: "server", user: about.user ?? null, machine: about.machine ?? null, detail };
}

/** In the same transaction as what it tells of: neither is there without the other. */
export async function record(tx: Tx, entry: AuditEntry): Promise<void> {
  const row = {
    atMs: entry.atMs,
    kind: entry.kind,
    source: entry.source,
    userName: entry.user,
    machineId: entry.machine,
    operator: operatorOf(tx) ?? null,
    detail: JSON.stringify(entry.detail),
  };
  await insert.send(
    tx,
    row.atMs,
    row.kind,
    row.source,
    row.userName,
    row.machineId,
    row.operator,
    row.detail,
  );
}

const insert = statement(
  (
    db,
    atMs: number,
    kind: string,
    source: AuditEntry["source"],
    userName: string | null,
    machineId: string | null,
    operator: string | null,
    detail: string,
  ) => db.insertInto("audit").values({ atMs, kind, source, userName, machineId, operator, detail }),
);

export interface ListedEntry extends AuditEntry {
  readonly id: number;
  /** Whose hand it was; null for what nobody did by hand. */
  readonly operator: string | null;
}

export interface AuditFilter {
  readonly limit: number;
  readonly user?: string | undefined;
  readonly machine?: string | undefined;
  readonly kind?: string | undefined;
  /** A part of the name of whose hand it was. */
  readonly operator?: string | undefined;
  /** Of this moment and later, and before that one. */
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Of higher numbers than this one, and of none above that one. */
  readonly afterId?: number | undefined;
  readonly throughId?: number | undefined;
}

/** The newest entries that match, oldest of them first. */
export async function listAudit(db: Db, filter: AuditFilter): Promise<ListedEntry[]> {
  let query = db.selectFrom("audit").selectAll().orderBy("id", "desc").limit(filter.limit);
  if (filter.user !== undefined) query = query.where("userName", "=", filter.user);
  if (filter.machine !== undefined) query = query.where("machineId", "=", filter.machine);
  if (filter.kind !== undefined) query = query.where("kind", "=", filter.kind);
  if (filter.operator !== undefined) query = query.where(containing("operator", filter.operator));
  if (filter.fromMs !== undefined) query = query.where("atMs", ">=", filter.fromMs);
  if (filter.untilMs !== undefined) query = query.where("atMs", "<", filter.untilMs);
  if (filter.afterId !== undefined) query = query.where("id", ">", filter.afterId);
  if (filter.throughId !== undefined) query = query.where("id", "<=", filter.throughId);
  const rows = await query.execute();
  return rows.reverse().map((row) => ({
    id: row.id,
    atMs: row.atMs,
    kind: row.kind,
    source: row.source,
    user: row.userName,
    machine: row.machineId,
    operator: row.operator,
    detail: JSON.parse(row.detail),
  }));
}
