import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClockReading,
  type TimeRecord,
  trustedTime,
  turnedBackToleranceMs,
  withCommit,
  withServerTime,
} from "../../agent/policy/trusted-time.ts";
import { dayMs, hourMs, minuteMs } from "../../words/clock.ts";
import { startMs } from "./standing.ts";

function reading(wallMs: number, sinceBootMs = hourMs, bootId = "boot-1"): ClockReading {
  return { wallMs, sinceBootMs, bootId };
}

const unanchored: TimeRecord = { highWaterMs: startMs, anchor: null };

describe("in the boot in which the server was heard", () => {
  const record = withServerTime(startMs, reading(startMs + 5 * minuteMs));

  test("time is the server's word plus what has passed, whatever the wall clock says", () => {
    for (const wallMs of [0, startMs - 365 * dayMs, startMs, startMs + 365 * dayMs])
      expect(trustedTime(record, reading(wallMs, 2 * hourMs))).toEqual({
        state: "trusted",
        moment: { nowMs: startMs + hourMs, sinceBootMs: 2 * hourMs, bootId: "boot-1" },
      });
  });

  test("time stands still with the clock that can't be set", () => {
    expect(trustedTime(record, reading(startMs + dayMs, hourMs)).moment.nowMs).toBe(startMs);
    expect(trustedTime(record, reading(startMs + dayMs, hourMs + 1)).moment.nowMs).toBe(startMs + 1);
  });

  test("a later commit is not gone behind", () => {
    const later = withCommit(record, startMs + 2 * hourMs);
    expect(trustedTime(later, reading(startMs, 2 * hourMs)).moment.nowMs).toBe(startMs + 2 * hourMs);
  });

  test("a clock since boot that is behind the anchor's is another boot with the same name", () => {
    expect(trustedTime(record, reading(startMs - dayMs, hourMs - 1)).state).toBe("turned-back");
    expect(trustedTime(record, reading(startMs + dayMs, hourMs - 1)).moment.nowMs).toBe(startMs + dayMs);
  });
});

describe("after a reboot, or without ever having heard the server", () => {
  const rebooted = withServerTime(startMs, reading(startMs));

  test.each([
    ["after a reboot", rebooted],
    ["never anchored", unanchored],
  ])("%s: time is the wall clock while it is not behind the mark", (_, record) => {
    for (const aheadMs of [0, 1, minuteMs, 365 * dayMs])
      expect(trustedTime(record, reading(startMs + aheadMs, 5_000, "boot-2"))).toEqual({
        state: "trusted",
        moment: { nowMs: startMs + aheadMs, sinceBootMs: 5_000, bootId: "boot-2" },
      });
  });

  test.each([
    ["after a reboot", rebooted],
    ["never anchored", unanchored],
  ])("%s: up to the tolerance behind the mark, the mark itself is now", (_, record) => {
    for (const behindMs of [1, 30_000, turnedBackToleranceMs])
      expect(trustedTime(record, reading(startMs - behindMs, 5_000, "boot-2"))).toEqual({
        state: "trusted",
        moment: { nowMs: startMs, sinceBootMs: 5_000, bootId: "boot-2" },
      });
  });

  test.each([
    ["after a reboot", rebooted],
    ["never anchored", unanchored],
  ])("%s: one millisecond more is a clock turned back", (_, record) => {
    const behindMs = turnedBackToleranceMs + 1;
    expect(trustedTime(record, reading(startMs - behindMs, 5_000, "boot-2"))).toEqual({
      state: "turned-back",
      behindMs,
      moment: { nowMs: startMs, sinceBootMs: 5_000, bootId: "boot-2" },
    });
  });

  test("the tolerance is a minute", () => {
    expect(turnedBackToleranceMs).toBe(minuteMs);
  });
});

describe("the mark", () => {
  test("only rises with commits", () => {
    expect(withCommit(unanchored, startMs - dayMs)).toEqual(unanchored);
    expect(withCommit(unanchored, startMs + 1)).toEqual({ highWaterMs: startMs + 1, anchor: null });
  });

  test("a far jump forward that was committed makes the right time a clock turned back, until the server is heard", () => {
    const poisoned = withCommit(unanchored, startMs + 3650 * dayMs);
    expect(trustedTime(poisoned, reading(startMs + hourMs)).state).toBe("turned-back");
    const healed = withServerTime(startMs + hourMs, reading(startMs + hourMs));
    expect(healed.highWaterMs).toBe(startMs + hourMs);
    expect(trustedTime(healed, reading(startMs + hourMs)).state).toBe("trusted");
    expect(trustedTime(healed, reading(startMs + 2 * hourMs, 5_000, "boot-2"))).toMatchObject({
      state: "trusted",
      moment: { nowMs: startMs + 2 * hourMs },
    });
  });
});

describe("whatever is done to the clocks", () => {
  type Step =
    | { readonly kind: "commit" | "reboot" | "server" }
    | { readonly kind: "pass" | "set-wall"; readonly ms: number };

  const anyStep: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("commit" as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(10 * dayMs) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("set-wall" as const),
        ms: fc.oneof(fc.integer({ min: -dayMs, max: dayMs }), fc.integer({ min: -70_000, max: 70_000 })),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("reboot" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("server" as const) }) },
  );

  /** Plays the steps; `look` sees the trusted time after each, with the latest committed moment since the server was heard. */
  function play(
    steps: readonly Step[],
    look: (at: {
      time: ReturnType<typeof trustedTime>;
      wallMs: number;
      committedMs: number;
      anchored: boolean;
    }) => void,
  ): void {
    let record: TimeRecord = unanchored;
    let committedMs = startMs;
    let anchored = false;
    let realMs = startMs;
    let wallMs = startMs;
    let sinceBootMs = hourMs;
    let boot = 1;
    for (const step of steps) {
      if (step.kind === "pass") {
        realMs += step.ms;
        wallMs += step.ms;
        sinceBootMs += step.ms;
      } else if (step.kind === "set-wall") wallMs = Math.max(0, wallMs + step.ms);
      else if (step.kind === "reboot") {
        boot += 1;
        sinceBootMs = 0;
        anchored = false;
      } else if (step.kind === "server") {
        record = withServerTime(realMs, { wallMs, sinceBootMs, bootId: `boot-${boot}` });
        committedMs = realMs;
        anchored = true;
      }
      const time = trustedTime(record, { wallMs, sinceBootMs, bootId: `boot-${boot}` });
      look({ time, wallMs, committedMs, anchored });
      if (step.kind === "commit") {
        record = withCommit(record, time.moment.nowMs);
        committedMs = Math.max(committedMs, time.moment.nowMs);
      }
    }
  }

  const anySteps = fc.array(anyStep, { maxLength: 40 });

  test("trusted time never goes below a committed moment, but for the server's word", () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        play(steps, ({ time, committedMs }) => expect(time.moment.nowMs).toBeGreaterThanOrEqual(committedMs));
      }),
      { numRuns: 500 },
    );
  });

  test("without the server's word in this boot it is trusted just when the wall clock is at most the tolerance behind", () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        play(steps, ({ time, wallMs, committedMs, anchored }) => {
          const behind = !anchored && committedMs - wallMs > turnedBackToleranceMs;
          expect(time.state).toBe(behind ? "turned-back" : "trusted");
        });
      }),
      { numRuns: 500 },
    );
  });

  test("with the server's word in this boot it is the real time, and setting the wall clock is nothing", () => {
    const honest = anySteps.map((steps) =>
      steps.filter(({ kind }) => kind === "pass" || kind === "set-wall"),
    );
    fc.assert(
      fc.property(honest, (steps) => {
        let realMs = startMs;
        let looked = 0;
        play([{ kind: "server" }, ...steps], ({ time }) => {
          const step = steps[looked++ - 1];
          if (step?.kind === "pass") realMs += step.ms;
          expect(time).toMatchObject({ state: "trusted", moment: { nowMs: realMs } });
        });
      }),
    );
  });
});
