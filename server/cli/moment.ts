// Moments as they are typed at the command line: whatever is printed as a time, a day, or so many days ago.

import { InvalidArgumentError } from "commander";
import { dayMs } from "../../words/clock.ts";
import { readTime } from "../iso-time.ts";

const forms = '2026-11-27, 2026-11-27T08:00 or "2026-11-27 08:00:00", in UTC.';

/** An option's reader for a moment; a day alone is its beginning, so many days later. */
export function momentOption(later: number): (text: string) => number {
  return (text) => {
    const ms = momentOf(text, later);
    if (ms === undefined) throw new InvalidArgumentError(`give ${forms}`);
    return ms;
  };
}

/** Likewise, and for `90d`, which is so many days before the moment it is asked at. */
export function agoOption(text: string): (nowMs: number) => number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined) return (nowMs) => nowMs - Number(days) * dayMs;
  const ms = momentOf(text, 0);
  if (ms === undefined) throw new InvalidArgumentError(`give 90d, ${forms}`);
  return () => ms;
}

function momentOf(text: string, later: number): number | undefined {
  const read = readTime(text);
  return read === undefined ? undefined : read.atMs + (read.isDay ? later * dayMs : 0);
}
