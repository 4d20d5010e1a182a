// A sync that somebody has started. The audit has it also when it fails, which has changed nothing else.

import { record, serverEntry } from "../audit/audit.ts";
import type { ImportParts, Progress } from "../import/import-users.ts";
import type { Store } from "../store/store.ts";
import { tellingFailure } from "./failed.ts";
import { theDirectory } from "./settings.ts";
import { type SyncReport, synchroniseDirectory } from "./synchronise.ts";

/**
 * `audited`: whose writes are in the name of who asks, also when what lets them change something has ended meanwhile.
 * @throws Failure as the sync does, or when no directory is set.
 */
export async function synchroniseByHand(
  parts: ImportParts,
  wish: { readonly force: boolean; readonly adopt: boolean },
  progress: Progress,
  audited: Store,
): Promise<SyncReport> {
  const { store, vault, clock } = parts;
  return tellingFailure(
    async () => {
      const directory = await theDirectory(store.db, vault);
      return synchroniseDirectory(parts, directory, { ...wish, dryRun: false }, progress);
    },
    (reason) =>
      audited.write((tx) =>
        record(tx, serverEntry(clock.wallMs(), "directory-not-synchronised", {}, { reason })),
      ),
  );
}
