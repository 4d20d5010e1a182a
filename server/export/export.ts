// Everything an admin may need to leave, in a folder of files: each list as CSV and as JSON Lines.

import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import { type Cell, csvLine } from "../report/csv.ts";
import type { Store } from "../store/store.ts";
import { type List, listsOf, type Value } from "./lists.ts";
import { PrivateFile } from "./private-file.ts";

export interface ExportWish {
  /** Must not be there yet, or be empty. */
  readonly folder: string;
  readonly withSecrets: boolean;
}

/** How many rows each list has. */
export type Exported = Readonly<Record<string, number>>;

/**
 * The folder (0700, its files 0600) is there with all of it or not at all. Lists are read one after the other: what is
 * changed meanwhile may be in one and not in another.
 * @throws Failure when something is there already.
 */
export async function exportAll(
  store: Store,
  vault: Vault,
  wish: ExportWish,
  nowMs: number,
  onList: (name: string) => void,
): Promise<Exported> {
  checkFree(wish.folder);
  // Before anything leaves: an export that is broken off has happened, too.
  const { withSecrets } = wish;
  await store.write((tx) => record(tx, serverEntry(nowMs, "exported", {}, { withSecrets })));
  const draft = `${wish.folder}.part`;
  makeDraft(draft);
  try {
    const counts: Record<string, number> = {};
    for (const list of listsOf(store.db, vault, withSecrets)) {
      onList(list.name);
      counts[list.name] = await writeList(draft, list);
    }
    renameSync(draft, wish.folder);
    return counts;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

function checkFree(folder: string): void {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (names.length > 0)
    throw new Failure("exists", `${folder} is not empty; name a folder that is not there yet`);
}

/** Refuses one that is there: what somebody else has put into it would be ours. */
function makeDraft(draft: string): void {
  try {
    mkdirSync(draft, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Failure(
      "exists",
      `${draft} is left over from an export that was broken off, or is being written; remove it`,
    );
  }
}

async function writeList(folder: string, list: List): Promise<number> {
  const csv = new PrivateFile(join(folder, `${list.name}.csv`));
  const lines = new PrivateFile(join(folder, `${list.name}.jsonl`));
  try {
    csv.write(`\uFEFF${csvLine(list.columns)}`);
    let count = 0;
    for await (const row of list.rows()) {
      csv.write(csvLine(list.columns.map((column) => toCell(row[column] ?? null))));
      lines.write(`${JSON.stringify(row)}\n`);
      count += 1;
    }
    csv.finish();
    lines.finish();
    return count;
  } finally {
    csv.close();
    lines.close();
  }
}

function toCell(value: Value): Cell {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join("|") : JSON.stringify(value);
}
