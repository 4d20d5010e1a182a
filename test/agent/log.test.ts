import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeLog, standardError } from "../../agent/log/logger.ts";
import { printable } from "../../agent/log/redact.ts";
import { sparing } from "../../agent/log/sparing.ts";
import { harmless } from "../../words/harmless.ts";
import { Secret } from "../../words/secret.ts";
import { FakeClock } from "../fakes/clock.ts";
import { rememberingLog } from "./workspace.ts";

function lines(format: "json" | "text", level: "debug" | "info" | "warn" | "error" = "debug") {
  const out: string[] = [];
  const log = makeLog({
    format,
    level,
    clock: new FakeClock(),
    out: { write: (line) => void out.push(line) },
  });
  return { log, out };
}

describe("a line of the log", () => {
  test("as text", () => {
    const { log, out } = lines("text");
    log.info("a dialogue ended", { dialogue: 7, why: "the relay has gone", uid: 1000 });
    expect(out).toEqual([
      '2026-11-20T12:00:00.000Z info  a dialogue ended dialogue=7 why="the relay has gone" uid=1000\n',
    ]);
  });

  test("as JSON", () => {
    const { log, out } = lines("json");
    log.error("a sign-in failed", { dialogue: 7 });
    expect(JSON.parse(out[0] ?? "")).toEqual({
      time: "2026-11-20T12:00:00.000Z",
      level: "error",
      message: "a sign-in failed",
      dialogue: 7,
    });
  });

  test.each(["json", "text"] as const)("is written from its level on: %s", (format) => {
    const { log, out } = lines(format, "warn");
    log.debug("1");
    log.info("2");
    log.warn("3");
    log.error("4");
    expect(out).toHaveLength(2);
  });

  test.each(["json", "text"] as const)("is one line, whatever is in it: %s", (format) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.anything(), (text, value) => {
        const { log, out } = lines(format);
        log.info(text, { [text]: value, more: text });
        expect(out).toHaveLength(1);
        expect(out[0]?.endsWith("\n")).toBe(true);
        expect(out[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        if (format === "json") expect(JSON.parse(out[0] ?? "").level).toBe("info");
      }),
      { numRuns: 300 },
    );
  });

  test.each(["json", "text"] as const)("can't be forged by a field's name: %s", (format) => {
    const { log, out } = lines(format);
    log.info("true", { message: "false", level: "error", time: "never" });
    expect(out[0]).toContain("level_");
    if (format === "json") expect(JSON.parse(out[0] ?? "")).toMatchObject({ message: "true", level: "info" });
  });

  test("is no harm when it can't be written", () => {
    standardError(() => {
      throw new Error("EPIPE");
    }).write("x");
  });
});

describe("what is printed of", () => {
  test.each([
    ["a secret", new Secret("hunter2"), "[secret]"],
    ["secret bytes", new Secret(new Uint8Array(3)), "[secret]"],
    ["a secret deep inside", { a: [{ b: new Secret("hunter2") }] }, { a: [{ b: "[secret]" }] }],
    ["bytes", new Uint8Array(32), "[32 bytes]"],
    ["a buffer", Buffer.from("hunter2"), "[7 bytes]"],
    ["a map", new Map([["a", new Secret("x")]]), { a: "[secret]" }],
    ["a set", new Set([1, 2]), [1, 2]],
    ["a function", () => "hunter2", "[function]"],
    ["a symbol", Symbol("x"), "[symbol]"],
    ["a large number", 2n ** 70n, "1180591620717411303424"],
    ["no number", Number.NaN, "NaN"],
    ["a moment", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["nothing", undefined, null],
    ["too deep a thing", { a: { b: { c: { d: { e: 1 } } } } }, { a: { b: { c: { d: "[deeper]" } } } }],
    ["control characters", "a\u001b[2Jb\nc\u202ed", "a\\u{1b}[2Jb\\u{a}c\\u{202e}d"],
    [
      "a getter that fails",
      Object.defineProperty({}, "x", {
        enumerable: true,
        get: () => {
          throw new Error();
        },
      }),
      "[unprintable]",
    ],
  ])("%s", (_what, value, expected) => expect(printable(value)).toEqual(expected));

  test("an error: its name, code, message, cause and where it happened, and nothing else that hangs on it", () => {
    const error = Object.assign(new TypeError("broken\nfor good", { cause: new Error("deeper") }), {
      code: "EIO",
      request: "hunter2",
    });
    const shown = printable(error);
    expect(shown).toMatchObject({
      name: "TypeError",
      code: "EIO",
      message: "broken\\u{a}for good",
      cause: { message: "deeper" },
    });
    expect(JSON.stringify(shown)).not.toContain("hunter2");
  });

  test("a circle", () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(JSON.stringify(printable(circle))).toContain("[deeper]");
  });

  test("very much of anything: a part of it", () => {
    expect(JSON.stringify(printable("x".repeat(1e6))).length).toBeLessThan(1_100);
    expect(JSON.stringify(printable(Array(1e6).fill(1))).length).toBeLessThan(200);
  });
});

test("a message that a stranger can cause is said sixty times a minute, and then how many were left out", async () => {
  const clock = new FakeClock();
  const log = rememberingLog();
  const spare = sparing(log, clock);
  for (let count = 0; count < 1_000; count++) spare.warn("refused", { uid: 7 });
  spare.warn("another");
  expect(log.lines).toHaveLength(61);
  await clock.advance(60_000);
  spare.warn("refused", { uid: 8 });
  spare.warn("refused", { uid: 9 });
  expect(log.lines.slice(61).map(({ fields }) => fields)).toEqual([{ uid: 8, leftOut: 940 }, { uid: 9 }]);
});

test("harmless text stays as it is", () => {
  expect(harmless('Žofie 漢字 🔐 a\\b "c"')).toBe('Žofie 漢字 🔐 a\\b "c"');
});
