import { describe, expect, test } from "vitest";
import { productFolders, readSource, sourcesIn } from "./sources.ts";

/** Time and chance are arguments: what takes them from its surroundings can't be tested at the edge of a day. */
const mayTake: readonly { readonly path: string; readonly because: string }[] = [
  { path: "platform/", because: "here the system's clock and chance become ports" },
  {
    path: "agent/platform/tpm/device.ts",
    because: "a TPM driver may stand still for minutes: only a second thread can be waited for with a limit",
  },
];

/** More than these lines in one file, and it has two reasons to change. */
const mostLines = 350;
const sources = await sourcesIn(productFolders);

describe("the programs", () => {
  test("take time and chance as arguments, but where the ports are built", () => {
    const takers = sources
      .filter(
        ({ path, ambient }) => ambient.length > 0 && !mayTake.some((place) => path.startsWith(place.path)),
      )
      .map(({ path, ambient }) => `${path}: ${ambient.join(", ")}`);
    expect(takers).toEqual([]);
  });

  test.each(mayTake)("still need the exception for $path: $because", ({ path }) => {
    expect(sources.some((source) => source.path.startsWith(path) && source.ambient.length > 0)).toBe(true);
  });

  test(`keep to ${mostLines} lines a file`, async () => {
    const all = [...sources, ...(await sourcesIn(["scripts", "test", "bench"]))];
    expect(
      all.filter(({ lines }) => lines > mostLines).map(({ path, lines }) => `${path}: ${lines}`),
    ).toEqual([]);
  });
});

describe("the reader of surroundings", () => {
  const takes = (text: string) => readSource("words/x.ts", text).ambient;

  test.each([
    ["Date.now();", "Date.now"],
    ["new Date();", "new Date()"],
    ["const { now } = Date;", "Date"],
    ["f(Date);", "Date"],
    ["globalThis.Date;", "globalThis.Date"],
    ["performance.now();", "performance"],
    ["setTimeout(f, 1);", "setTimeout"],
    ["const later = setInterval;", "setInterval"],
    ["globalThis.setTimeout(f, 1);", "globalThis.setTimeout"],
    ['import { setTimeout as delay } from "node:timers/promises";', "node:timers/promises"],
    ["AbortSignal.timeout(5);", "AbortSignal.timeout"],
    ["process.hrtime.bigint();", "process.hrtime"],
    ["Math.random();", "Math.random"],
    ["const { random } = Math;", "Math"],
    ['import { randomBytes as r } from "node:crypto";', "randomBytes"],
    ["crypto.randomUUID();", "randomUUID"],
    ["crypto.getRandomValues(a);", "getRandomValues"],
    ["sodium.randombytes_buf(5);", "randombytes_buf"],
    ["(Date as X).now();", "Date"],
  ])("sees %s", (text, expected) => {
    expect(takes(text)).toEqual([expected]);
  });

  test.each([
    "const day = new Date(wallMs);",
    "Date.UTC(2026, 1);",
    "let a: Date;",
    "a instanceof Date;",
    "Math.floor(1);",
    "socket.setTimeout(5);",
    "const port = { setTimeout: 5 };",
    "// Date.now()",
  ])("lets %s pass", (text) => {
    expect(takes(text)).toEqual([]);
  });
});
