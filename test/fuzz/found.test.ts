// What fuzzing has found, and what its corpus reaches, tried again in every run of the tests.

import { beforeAll, describe, expect, test } from "vitest";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { readCorpus, readFindings } from "./kept.ts";
import { targets } from "./targets.ts";

beforeAll(loadSodium);

const findings = readFindings();

describe.each(targets)("$name", (target) => {
  test("holds for all that was found and for its corpus", async () => {
    const mine = findings.filter((found) => found.target === target.name).map(({ input }) => input);
    const place = await target.open();
    try {
      const seeds = target.grows === undefined ? [] : [...target.grows.seeds, ...readCorpus(target.name)];
      for (const input of [...mine, ...seeds]) await place.try(input);
    } finally {
      await place.close?.();
    }
  });
});

test("every finding belongs to a target that there is", () => {
  const names = targets.map(({ name }) => name);
  expect(findings.filter(({ target }) => !names.includes(target))).toEqual([]);
});
