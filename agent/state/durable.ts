import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes a created or removed name durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
