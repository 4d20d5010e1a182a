// What a sync would do, found out by doing it and undoing it. Whoever asks for that has the server ask a directory: the audit
// has it, however it ends.

import { record, serverEntry } from "../audit/audit.ts";
import type { ImportParts, Progress } from "../import/import-users.ts";
import type { Store } from "../store/store.ts";
import { tellingFailure } from "./failed.ts";
import type { Directory } from "./settings.ts";
import { type SyncReport, synchroniseDirectory } from "./synchronise.ts";

/**
 * `audited`: whose writes are in the name of who asks, also when what lets them change something has ended meanwhile.
 * @throws Failure as the sync would.
 */
export async function tryDirectory(
  parts: ImportParts,
  directory: Directory,
  wish: { readonly force: boolean; readonly adopt: boolean },
  progress: Progress,
  audited: Store,
): Promise<SyncReport> {
  const tell = (detail: Readonly<Record<string, string | number>>) =>
    audited.write((tx) =>
      record(tx, serverEntry(parts.clock.wallMs(), "directory-tried", {}, { url: directory.url, ...detail })),
    );
  const report = await tellingFailure(
    () => synchroniseDirectory(parts, directory, { ...wish, dryRun: true }, progress),
    (reason) => tell({ reason }),
  );
  const { rows, applied, gone, returned, newNames } = report;
  const { added, changed, disabled } = applied;
  await tell({ rows, added, changed, disabled, gone, returned, newNames });
  return report;
}
