import type { ListedEntry } from "../audit/audit.ts";
import { isoTime } from "../iso-time.ts";

/** An entry as it is printed, and archived before it is removed. */
export function auditJson({ atMs, id, ...entry }: ListedEntry) {
  return { id, at: isoTime(atMs), ...entry };
}
