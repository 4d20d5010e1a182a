const latestMs = 8_640_000_000_000_000;

/** ISO 8601 in UTC; a moment beyond what a date can hold is shown as the last one. */
export function isoTime(ms: number): string {
  return new Date(Math.min(ms, latestMs)).toISOString();
}
