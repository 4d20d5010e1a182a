// The digest over all rows: the same for the same rows, however they came to be there, and another for any others.

import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { RowNames } from "../../agent/state/row-names.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";

const key = new Uint8Array(32).fill(3);
beforeAll(loadSodium);

const name = fc.record({
  table: fc.constantFrom("standing", "bundle", "tombstone"),
  id: fc.constantFrom("aa01", "aa02", "ab01", "ff00", "server"),
  generation: fc.integer({ min: 1, max: 5 }),
});
const step = fc.record({ put: fc.array(name, { maxLength: 3 }), remove: fc.array(name, { maxLength: 2 }) });

test("commit by commit it comes to what the rows themselves come to", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const names = new RowNames(key, []);
      const rows = new Map<string, { table: string; id: string; generation: number }>();
      for (const { put, remove } of steps) {
        const before = names.digest();
        const next = names.after(put, remove);
        expect(names.digest()).toBe(before);
        next.apply();
        for (const { table, id } of remove) rows.delete(`${table} ${id}`);
        for (const one of put) rows.set(`${one.table} ${one.id}`, one);
        expect(names.digest()).toBe(next.digest);
        expect(next.digest).toBe(new RowNames(key, [...rows.values()].reverse()).digest());
        expect(names.ids("standing").sort()).toEqual(
          [...rows.values()]
            .filter(({ table }) => table === "standing")
            .map(({ id }) => id)
            .sort(),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("any other set of rows, tables, ids or generations has another digest", () => {
  const rows = fc.uniqueArray(name, { selector: ({ table, id }) => `${table} ${id}`, maxLength: 6 });
  fc.assert(
    fc.property(rows, rows, (one, other) => {
      const same = (list: typeof one) =>
        JSON.stringify(list.map((row) => Object.values(row).join(" ")).sort());
      const digests = [one, other].map((list) => new RowNames(key, list).digest());
      expect(digests[0] === digests[1]).toBe(same(one) === same(other));
    }),
    { numRuns: 500 },
  );
});

test("another key has another digest", () => {
  expect(new RowNames(key, []).digest()).not.toBe(new RowNames(new Uint8Array(32), []).digest());
});
