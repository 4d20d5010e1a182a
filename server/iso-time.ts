// Times as they are written, for programs and for people, and read again.

import { dayMs, hourMs, minuteMs } from "../words/clock.ts";

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

const written =
  /^(?<day>(?:\d{4}|[+-]\d{6})-\d\d-\d\d)(?:[T ](?<minute>\d\d:\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?(?: ?(?:Z|UTC|(?<zone>[+-]\d\d:?\d\d)))?)?$/;

/** Milliseconds, as the log has them; of the years 2001 to 2286. */
const logged = /^\d{13}$/;

/**
 * Whatever is written as a time here or by ISO 8601, to the minute at least; in UTC where it says nothing else. A day alone is
 * its beginning. Undefined for what is none, such as the 30th of February.
 */
export function readTime(text: string): { readonly atMs: number; readonly isDay: boolean } | undefined {
  if (logged.test(text)) return { atMs: Number(text), isDay: false };
  const { day, minute, second = "00", fraction = "", zone } = written.exec(text)?.groups ?? {};
  if (day === undefined) return undefined;
  const exact = `${day}T${minute ?? "00:00"}:${second}.${fraction.padEnd(3, "0").slice(0, 3)}Z`;
  const thereMs = Date.parse(exact);
  // What is beyond the end of a month or a day would be taken for one of the next.
  if (Number.isNaN(thereMs) || isoTime(thereMs) !== exact) return undefined;
  const aheadMs = zone === undefined ? 0 : aheadOfUtc(zone);
  const atMs = aheadMs === undefined ? undefined : thereMs - aheadMs;
  // With an offset it may be one that a date can't hold.
  if (atMs === undefined || Math.abs(atMs) > latestMs) return undefined;
  return { atMs, isDay: minute === undefined };
}

function aheadOfUtc(zone: string): number | undefined {
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  const ms = hours * hourMs + minutes * minuteMs;
  if (minutes > 59 || ms >= dayMs) return undefined;
  return zone.startsWith("-") ? -ms : ms;
}
