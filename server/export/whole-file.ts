// A new file that has its name when it is whole and on the disk, and not before: whoever is cut off leaves FILE.part.

import { lstatSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { sync } from "../backup/backup.ts";
import { Failure } from "../failure.ts";
import { PrivateFile } from "./private-file.ts";

/** @throws Failure when something is there already, or what `fill` throws: then nothing is left. */
export async function writeWhole<T>(path: string, fill: (file: PrivateFile) => Promise<T>): Promise<T> {
  checkFree(path);
  const draft = `${path}.part`;
  const file = makeDraft(draft);
  try {
    const filled = await fill(file);
    file.finish();
    checkFree(path);
    renameSync(draft, path);
    sync(dirname(path));
    return filled;
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    file.close();
  }
}

function checkFree(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new Failure("exists", `${path} is there already; name a new file`);
}

function makeDraft(draft: string): PrivateFile {
  try {
    return new PrivateFile(draft);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Failure(
      "exists",
      `${draft} is left over from one that was broken off, or is being written; remove it`,
    );
  }
}
