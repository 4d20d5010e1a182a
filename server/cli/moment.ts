// Moments as they are typed at the command line: a day, or a time of one, in UTC; or so many days ago.

import { InvalidArgumentError } from "commander";
import { dayMs } from "../../words/clock.ts";

/** An option's reader for a moment in UTC; a day alone is its beginning, so many days later. */
export function momentOption(later: number): (text: string) => number {
  return (text) => {
    const ms = momentOf(text, later);
    if (ms === undefined) throw new InvalidArgumentError("give 2026-11-27 or 2026-11-27T08:00, in UTC.");
    return ms;
  };
}

/** Likewise, and for `90d`, which is so many days before the moment it is asked at. */
export function agoOption(text: string): (nowMs: number) => number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined) return (nowMs) => nowMs - Number(days) * dayMs;
  const ms = momentOf(text, 0);
  if (ms === undefined) throw new InvalidArgumentError("give 90d, 2026-11-27 or 2026-11-27T08:00, in UTC.");
  return () => ms;
}

function momentOf(text: string, later: number): number | undefined {
  const found = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{3})?)?)Z?)?$/.exec(text);
  const ms = found === null ? Number.NaN : Date.parse(`${found[1]}T${found[2] ?? "00:00"}Z`);
  if (Number.isNaN(ms)) return undefined;
  return found?.[2] === undefined ? ms + later * dayMs : ms;
}
