// Which policy holds: the first that fits, whatever the others say.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import { planChange, positionOf } from "../../server/policies/changes.ts";
import { everywhere, firstFor, fits, onMachine } from "../../server/policies/matching.ts";
import type { NamedPolicy } from "../../server/policies/policies.ts";

const few = (names: readonly string[]) => fc.subarray([...names]);
const groups = few(["staff", "ops", "guests"]);
const tags = few(["laptop", "kiosk", "lab"]);
const last: NamedPolicy = { name: "default", condition: everywhere, policy: defaultPolicy };
const lists = fc
  .array(fc.record({ groups, tags }), { maxLength: 8 })
  .map((all) => [
    ...all.map((condition, at) => ({ name: `p${at}`, condition, policy: defaultPolicy })),
    last,
  ]);

describe("matching", () => {
  it("finds the first of the list whose groups and tags fit, and always one", () => {
    fc.assert(
      fc.property(lists, groups, tags, (list, ofUser, ofMachine) => {
        const found = firstFor(onMachine(list, ofMachine), ofUser);
        const at = list.indexOf(found);
        expect(fits(found.condition, ofUser, ofMachine)).toBe(true);
        expect(list.slice(0, at).some(({ condition }) => fits(condition, ofUser, ofMachine))).toBe(false);
      }),
    );
  });

  it("does not depend on what stands behind the one found", () => {
    fc.assert(
      fc.property(lists, groups, tags, (list, ofUser, ofMachine) => {
        const found = firstFor(onMachine(list, ofMachine), ofUser);
        const shorter = [...list.slice(0, list.indexOf(found) + 1), last];
        expect(firstFor(onMachine(shorter, ofMachine), ofUser)).toBe(found);
      }),
    );
  });

  it("gives a user of no group on a machine without tags only what is for everybody", () => {
    fc.assert(
      fc.property(lists, (list) => {
        const { condition } = firstFor(onMachine(list, []), []);
        expect(condition).toEqual(everywhere);
      }),
    );
  });
});

describe("a change of the list", () => {
  const places = fc.nat({ max: 9 });

  it("moves one policy to its place and leaves the order of the others", () => {
    fc.assert(
      fc.property(lists, places, places, (list, which, where) => {
        const own = list.slice(0, -1);
        fc.pre(own.length > 0);
        const name = `p${which % own.length}`;
        const position = (where % own.length) + 1;
        const after = planChange(list, { do: "move", name, position });
        expect(positionOf(after, name)).toBe(position);
        const others = (all: readonly NamedPolicy[]) => all.filter((one) => one.name !== name);
        expect(others(after)).toEqual(others(list));
        expect(after.at(-1)).toBe(last);
      }),
    );
  });

  it("can always be taken back: set anew and removed again is as it was", () => {
    fc.assert(
      fc.property(lists, groups, tags, places, (list, ofUser, ofMachine, where) => {
        const position = (where % list.length) + 1;
        const condition = { groups: ofUser, tags: ofMachine };
        const settings = (present: unknown) => present;
        const set = planChange(list, { do: "set", name: "new", ...condition, position, settings });
        expect(positionOf(set, "new")).toBe(position);
        expect(planChange(set, { do: "remove", name: "new" })).toEqual(list);
      }),
    );
  });
});
