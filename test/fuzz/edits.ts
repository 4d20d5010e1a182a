// Changes to a value that keep it nearly right: what a schema, a signature or a database has to notice.

import fc from "fast-check";
import { canary } from "./oracles.ts";

export interface Edit {
  /** Which of all the places in the value; taken modulo their number. */
  readonly at: number;
  readonly deed: "replace" | "remove" | "double" | "add" | "longer" | "swap" | "mark" | "number";
  readonly value: unknown;
}

const numbers = [-1, 0, 0.5, 1e21, 2 ** 53, 2 ** 53 - 1, -0, 2 ** 31, 2 ** 32];

export const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat({ max: 200 }),
  deed: fc.constantFrom("replace", "remove", "double", "add", "longer", "swap", "mark", "number"),
  value: fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom(...numbers, null, "", "__proto__", [], {}, "A".repeat(600), "\u0000", "\ud800", "é"),
  ),
});

type Holder = Record<string, unknown> | unknown[];

interface Spot {
  readonly holder: Holder;
  readonly key: string;
}

/** A changed copy. */
export function edited(value: unknown, edits: readonly Edit[]): unknown {
  const root: { top: unknown } = { top: structuredClone(value) };
  for (const one of edits) {
    const spots = spotsOf(root);
    const spot = spots[one.at % spots.length];
    if (spot !== undefined) change(spot, one, spots);
  }
  return root.top;
}

function spotsOf(holder: Holder): Spot[] {
  return Object.entries(holder).flatMap(([key, value]) => [
    { holder, key },
    ...(typeof value === "object" && value !== null ? spotsOf(value as Holder) : []),
  ]);
}

function change({ holder, key }: Spot, { at, deed, value }: Edit, spots: readonly Spot[]): void {
  const present = read(holder, key);
  if (deed === "remove") remove(holder, key);
  else if (deed === "double" && Array.isArray(holder)) holder.push(structuredClone(present));
  else if (deed === "double") write(holder, `${key}2`, present);
  else if (deed === "add" && Array.isArray(holder)) holder.push(canary);
  else if (deed === "add") write(holder, typeof value === "string" ? value : "extra", canary);
  else write(holder, key, inPlaceOf(present, { at, deed, value }, spots));
}

function inPlaceOf(present: unknown, { at, deed, value }: Edit, spots: readonly Spot[]): unknown {
  const isText = typeof present === "string";
  switch (deed) {
    case "number":
      return typeof present === "number" ? present + ((at % 5) - 2) : at;
    case "mark":
      return isText ? canary : [canary];
    case "longer":
      return isText ? present.repeat(3) : [present, present];
    case "swap": {
      const other = spots[(at * 7 + 3) % spots.length];
      return other === undefined ? present : read(other.holder, other.key);
    }
    default:
      return value;
  }
}

function read(holder: Holder, key: string): unknown {
  return (holder as Record<string, unknown>)[key];
}

/** As an own property, `__proto__` too: as JSON.parse makes them. */
function write(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, {
    value: structuredClone(value),
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function remove(holder: Holder, key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

/** One bit of the bytes; undefined when there are none. */
export function flipped(bytes: Uint8Array, bit: number): Buffer | undefined {
  if (bytes.length === 0) return undefined;
  const changed = Buffer.from(bytes);
  const at = Math.floor(bit / 8) % changed.length;
  changed[at] = (changed[at] ?? 0) ^ (1 << (bit % 8));
  return changed;
}
