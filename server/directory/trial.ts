// What a sync would do, found out by doing it and undoing it. Whoever asks for that has the server ask a directory: the audit
// has it.

import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { ImportParts, Progress } from "../import/import-users.ts";
import type { Directory } from "./settings.ts";
import { type SyncReport, synchroniseDirectory } from "./synchronise.ts";

/** @throws Failure as the sync would. */
export async function tryDirectory(
  parts: ImportParts,
  directory: Directory,
  wish: { readonly force: boolean },
  progress: Progress,
): Promise<SyncReport> {
  const tell = (detail: Readonly<Record<string, string | number>>) =>
    parts.store.write((tx) =>
      record(tx, serverEntry(parts.clock.wallMs(), "directory-tried", {}, { url: directory.url, ...detail })),
    );
  try {
    const report = await synchroniseDirectory(parts, directory, { ...wish, dryRun: true }, progress);
    const { rows, applied, gone, returned } = report;
    const { added, changed, disabled } = applied;
    await tell({ rows, added, changed, disabled, gone, returned });
    return report;
  } catch (error) {
    if (error instanceof Failure) await tell({ reason: error.message });
    throw error;
  }
}
