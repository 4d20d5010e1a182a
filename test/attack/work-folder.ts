// Where a run of the attacks keeps its files: one folder, gone with the run.

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const work = mkdtempSync(join(tmpdir(), "nightlatch-attack-"));
chmodSync(work, 0o755);
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

let folders = 0;
/** A new folder, gone with the run. */
export function newFolder(mode = 0o755): string {
  const folder = join(work, String(++folders));
  mkdirSync(folder, { mode });
  return folder;
}
