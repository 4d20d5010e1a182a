// One import, whatever it comes from: read and staged piece by piece, checked as a whole, carried out in one transaction.

import type { Clock } from "../../words/clock.ts";
import { type AuditEntry, record, serverEntry } from "../audit/audit.ts";
import { completeDigests } from "../authenticators/authenticators.ts";
import { Failure } from "../failure.ts";
import type { Db, Store, Tx } from "../store/store.ts";
import { type Applied, apply, type OnlyAdmin, type OtherGroups } from "./apply.ts";
import { markConflicts, type OtherEntries } from "./conflicts.ts";
import { type ListedFault, listFaults } from "./faults.ts";
import { hashPins } from "./initial-pins.ts";
import type { SecretEncoding } from "../authenticators/written-secret.ts";
import type { Source } from "./record.ts";
import { beginImport, endImport, type StagingParts, stage } from "./staging.ts";

export interface ImportParts extends StagingParts {
  readonly signingKey: Uint8Array;
  readonly clock: Clock;
}

export interface ImportWish {
  readonly source: Source;
  /** For the audit: the file's name, or what else it came from. */
  readonly from: string;
  readonly secretEncoding: SecretEncoding;
  readonly otherGroups: OtherGroups;
  readonly onlyAdmin: OnlyAdmin;
  readonly otherEntries: OtherEntries;
  /** Whether good lines are imported beside bad ones, or none of them. */
  readonly skipBadLines: boolean;
  /** Everything is done and then undone: what it says is what would be. */
  readonly dryRun: boolean;
  /** What else belongs into the same transaction, before and behind the rest. */
  readonly before?: (tx: Tx, importId: string, nowMs: number) => Promise<void>;
  readonly behind?: (tx: Tx, importId: string, applied: Applied, nowMs: number) => Promise<void>;
  /** What is staged, beside everything as it was, once a dry run has been undone. */
  readonly afterDryRun?: (db: Db, importId: string) => Promise<void>;
  /** What the audit calls it, and has of it beside the counts. */
  readonly entry?: { readonly kind: string; readonly detail: () => AuditEntry["detail"] };
}

/** What a person who waits is told. */
export interface Progress {
  read(rows: number): void;
  /** How many PINs of all have been hashed, where the source may have some. */
  pins?(done: number, all: number): void;
  /** From here on others can't write until the import ends. */
  writing(): void;
}

export interface ImportReport {
  readonly rows: number;
  readonly badLines: number;
  /** Whether anything was written. */
  readonly done: boolean;
  /** What was written, or would have been: for the lines that are not bad. */
  readonly applied: Applied;
}

/** `eachFault` hears of every fault, by line, whether or not anything is imported. */
export async function importUsers(
  parts: ImportParts,
  wish: ImportWish,
  progress: Progress,
  eachFault: (fault: ListedFault) => void,
): Promise<ImportReport> {
  const { store, vault, clock } = parts;
  const importId = await beginImport(parts, clock.wallMs());
  try {
    const rows = await stage(parts, importId, wish.source, wish.secretEncoding, progress.read);
    await completeDigests(store.write, vault);
    await store.write((tx) => markConflicts(tx, importId, wish.otherEntries));
    const badLines = await countBadLines(store, importId);
    const keep = !wish.dryRun && (badLines === 0 || wish.skipBadLines);
    if (keep) await hashPins(parts, importId, (done, all) => progress.pins?.(done, all));
    progress.writing();
    const applied = await applyOrUndo(parts, wish, importId, badLines, keep);
    if (wish.dryRun) await wish.afterDryRun?.(store.db, importId);
    for await (const fault of listFaults(store.db, importId)) eachFault(fault);
    return { rows, ...applied };
  } finally {
    await endImport(store, importId);
  }
}

class Undone extends Error {
  readonly applied: Applied;
  constructor(applied: Applied) {
    super("undone");
    this.applied = applied;
  }
}

async function applyOrUndo(
  parts: ImportParts,
  wish: ImportWish,
  importId: string,
  badLines: number,
  keep: boolean,
): Promise<Omit<ImportReport, "rows">> {
  const { store, clock } = parts;
  try {
    const applied = await store.write(async (tx) => {
      if ((await markConflicts(tx, importId, wish.otherEntries)) > 0)
        throw new Failure("conflict", "users were changed while the import was checked; begin again");
      const nowMs = clock.wallMs();
      await wish.before?.(tx, importId, nowMs);
      const all = await apply(tx, parts, importId, { ...wish, pins: keep ? "set" : "count" }, nowMs);
      await wish.behind?.(tx, importId, all, nowMs);
      if (!keep) throw new Undone(all);
      const detail = { from: wish.from, badLines, ...all, ...wish.entry?.detail() };
      await record(tx, serverEntry(nowMs, wish.entry?.kind ?? "users-imported", {}, detail));
      return all;
    });
    return { badLines, done: true, applied };
  } catch (error) {
    if (error instanceof Undone) return { badLines, done: false, applied: error.applied };
    throw error;
  }
}

async function countBadLines(store: Store, importId: string): Promise<number> {
  const row = await store.db
    .selectFrom("importFaults")
    .where("importId", "=", importId)
    .select(({ fn }) => fn.count<number>("line").distinct().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
