// Whatever is printed as a time is taken as one: where something is looked for, times are copied from what was shown.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isoTime, readTime, secondTime } from "../../server/iso-time.ts";
import { moment } from "../../server/pages/time.ts";
import { dayMs, hourMs, minuteMs, secondMs } from "../../words/clock.ts";

const latestMs = 8_640_000_000_000_000;
const earliestMs = Date.parse("0000-01-01T00:00:00Z");
const anyMs = fc.oneof(
  fc.integer({ min: Date.parse("2020-01-01"), max: Date.parse("2040-01-01") }),
  fc.integer({ min: earliestMs, max: latestMs }),
  fc.constantFrom(earliestMs, -1, 0, Date.parse("9999-12-31T23:59:59.999Z"), latestMs),
);
const whole = (ms: number, unit: number) => Math.floor(ms / unit) * unit;
const at = (text: string) => readTime(text)?.atMs;

describe("what is printed and read again is", () => {
  const shown = (ms: number) => />([^<]*)<\/time>/.exec(String(moment(ms)))?.[1] ?? "";

  it.each([
    ["the same second, of tables for people", secondTime, secondMs],
    ["the same moment, of JSON and exports", isoTime, 1],
    ["the same minute, of pages", shown, minuteMs],
  ] as const)("%s", (_, print, unit) => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        expect(at(print(ms))).toBe(whole(ms, unit));
      }),
    );
  });

  it("the same moment, wherever on earth it was written", () => {
    const zone = fc.record({
      sign: fc.constantFrom(1, -1),
      hours: fc.nat({ max: 14 }),
      minutes: fc.constantFrom(0, 30, 45),
      colon: fc.constantFrom(":", ""),
      space: fc.constantFrom(" ", ""),
    });
    const inDates = fc.integer({ min: Date.parse("2000-01-01"), max: Date.parse("2100-01-01") });
    fc.assert(
      fc.property(inDates, zone, (ms, { sign, hours, minutes, colon, space }) => {
        const there = isoTime(ms + sign * (hours * hourMs + minutes * minuteMs)).replace("Z", space);
        const two = (part: number) => String(part).padStart(2, "0");
        expect(at(`${there}${sign > 0 ? "+" : "-"}${two(hours)}${colon}${two(minutes)}`)).toBe(ms);
      }),
    );
  });
});

it.each([
  "2026-11-27T15:30:12Z",
  "2026-11-27T15:30:12",
  "2026-11-27 15:30:12",
  "2026-11-27 15:30:12Z",
  "2026-11-27 15:30:12 UTC",
  "2026-11-27T15:30:12.000Z",
  "2026-11-27T15:30:12.000000Z",
  "2026-11-27T16:30:12+01:00",
  "2026-11-27 16:30:12 +0100",
  "2026-11-27 10:00:12-05:30",
  // As the log has it.
  String(Date.UTC(2026, 10, 27, 15, 30, 12)),
])("%s is that moment", (text) => {
  expect(readTime(text)).toEqual({ atMs: Date.UTC(2026, 10, 27, 15, 30, 12), isDay: false });
});

it("a date alone is a day", () => {
  expect(readTime("2026-11-27")).toEqual({ atMs: Date.UTC(2026, 10, 27), isDay: true });
  expect(readTime("2026-11-27 00:00")).toEqual({ atMs: Date.UTC(2026, 10, 27), isDay: false });
  expect(at("2024-02-29")).toBe((at("2024-03-01") ?? 0) - dayMs);
});

it.each([
  ...["", " ", "now", "yesterday", "27.11.2026", "11/27/2026", "2026", "2026-11", "20261127", "2026-11-27T"],
  ...["2026-13-01", "2026-00-01", "2026-02-29", "2026-11-31", "2026-11-27 24:00", "2026-11-27 08:60"],
  ...["2026-11-27 08:00:60", "2026-11-27 08", "2026-11-27  08:00", "2026-11-27 08:00 CET", "2026-11-27Z"],
  ...["2026-11-27 08:00+24:00", "2026-11-27 08:00+01:60", "2026-11-27 08:00+1", "2026-11-27 08:00.5"],
  ...[
    "-000000-01-01",
    "+275760-09-14",
    "-271821-04-20T00:00+01:00",
    "+275760-09-13 00:00-01:00",
    "2026-11-27 08:00 UTC ",
    "x2026-11-27",
    "2026-11-27\n",
    "２０２６-11-27",
  ],
])("%j is no time", (text) => {
  expect(readTime(text)).toBeUndefined();
});
