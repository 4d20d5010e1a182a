const latestMs = 8_640_000_000_000_000;

/** ISO 8601 in UTC; a moment beyond what a date can hold is shown as the last one. */
export function isoTime(ms: number): string {
  return new Date(Math.min(ms, latestMs)).toISOString();
}

/** To the second, for people: `2026-03-01 12:00:00 UTC`. */
export function secondTime(ms: number): string {
  return isoTime(ms)
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}
