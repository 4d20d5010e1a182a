import { describe, expect, test } from "vitest";
import { faultsOf, rules } from "./rules.ts";
import { productFolders, readSource, sourcesIn } from "./sources.ts";

const sources = await sourcesIn(productFolders);

describe("the tree's imports", () => {
  for (const rule of rules) {
    test(`${rule.of} knows only ${rule.may.join(" ") || "itself"}: ${rule.because}`, () => {
      const faults = sources.filter(({ path }) => path.startsWith(rule.of)).flatMap(faultsOf);
      expect(faults).toEqual([]);
    });
  }

  test("every file of the programs is under a rule", () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap(faultsOf).filter((fault) => fault.includes("no rule"))).toEqual([]);
  });

  test("no import leads to a file that is not there", () => {
    const known = new Set(sources.map(({ path }) => path));
    const dangling = sources.flatMap(({ path, imports }) =>
      imports.filter((name) => name.endsWith(".ts") && !known.has(name)).map((name) => `${path} -> ${name}`),
    );
    expect(dangling).toEqual([]);
  });
});

describe("the reader of imports", () => {
  const importsOf = (text: string) => readSource("agent/policy/x.ts", text).imports;

  test.each([
    ['import { a } from "../state/a.ts";', "agent/state/a.ts"],
    ['import type { A } from "../state/a.ts";', "agent/state/a.ts"],
    ['import { type A } from "../state/a.ts";', "agent/state/a.ts"],
    ['import * as a\n  from\n  "../state/a.ts";', "agent/state/a.ts"],
    ['import "../state/a.ts";', "agent/state/a.ts"],
    ['export { a } from "../state/a.ts";', "agent/state/a.ts"],
    ['export * from "../state/a.ts";', "agent/state/a.ts"],
    ['export * as a from "../state/a.ts";', "agent/state/a.ts"],
    ['const a = await import("../state/a.ts");', "agent/state/a.ts"],
    ["const a = await import(`../state/a.ts`);", "agent/state/a.ts"],
    ['let a: import("../state/a.ts").A;', "agent/state/a.ts"],
    ['let a: typeof import("../state/a.ts");', "agent/state/a.ts"],
    ['import a = require("../state/a.ts");', "agent/state/a.ts"],
    ['const a = require("node:fs");', "node:fs"],
    ['const a = process.getBuiltinModule("node:fs");', "node:fs"],
    ["const a = await import(name);", "(computed)"],
  ])("sees %j", (text, expected) => {
    expect(importsOf(text)).toEqual([expected]);
  });

  test("isn't taken in by comments and strings", () => {
    expect(importsOf('// import "a"\n/* import "b" */ const c = \'import "d"\';')).toEqual([]);
  });

  test.each([
    ["agent/policy/x.ts", "../state/store.ts"],
    ["agent/policy/x.ts", "node:fs"],
    ["agent/policy/x.ts", "valibot"],
    ["agent/dialogue/x.ts", "../state/store.ts"],
    ["agent/dialogue/x.ts", "../sync/client.ts"],
    ["agent/state/x.ts", "../main.ts"],
    ["agent/state/x.ts", "../cli/main.ts"],
    ["agent/sync/x.ts", "../../server/main.ts"],
    ["server/api/x.ts", "../../agent/state/store.ts"],
    ["server/api/x.ts", "../cli/main.ts"],
    ["words/x.ts", "../platform/clock.ts"],
    ["otp/x.ts", "../protocol/dialogue/limits.ts"],
    ["protocol/x.ts", "../agent/dialogue/talk.ts"],
    ["server/x.ts", "../test/fakes/clock.ts"],
    ["elsewhere/x.ts", "node:fs"],
  ])("%s may not import %s", (path, imported) => {
    expect(faultsOf(readSource(path, `import "${imported}";`))).toHaveLength(1);
  });
});
