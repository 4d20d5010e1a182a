// Which kinds of users go from which policy to which, on which kinds of machines. There may be as many kinds as there are
// people: nobody else's request waits until all have been looked at.

import type { NamedPolicy } from "./policies.ts";

/** Those who have the same of the groups, or tags, that policies name. */
export interface Having {
  readonly has: readonly string[];
}

export interface Moving<P extends Having, M extends Having> {
  readonly from: NamedPolicy;
  readonly to: NamedPolicy;
  readonly people: readonly P[];
  readonly machines: readonly M[];
}

/** So many are looked at before others have their turn. */
const atOnce = 500_000;

/** Where `stays`, nothing is told of those who have the one before and the other after. */
export async function movesOf<P extends Having, M extends Having>(
  before: readonly NamedPolicy[],
  after: readonly NamedPolicy[],
  people: readonly P[],
  machines: readonly M[],
  stays: (from: NamedPolicy, to: NamedPolicy) => boolean,
): Promise<Moving<P, M>[]> {
  const told = before.map((from) => after.map((to) => !stays(from, to)));
  const [old, next] = [before, after].map((list) => {
    const placesOf = fitting(list.map(({ condition }) => condition.groups));
    return people.map(({ has }) => placesOf(has));
  }) as [number[][], number[][]];
  const found = new Map<number, { moved: Uint8Array; machines: M[] }>();
  let looked = 0;
  for (const alike of alikeOn(before, after, machines)) {
    const here = new Set<number>();
    // Most of them, one after the other, go the same way.
    let last: { readonly key: number; readonly moved: Uint8Array } = { key: -1, moved: new Uint8Array() };
    for (let index = 0; index < people.length; index++) {
      const from = firstOf(old[index] ?? [], alike.before);
      const to = firstOf(next[index] ?? [], alike.after);
      if (told[from]?.[to] !== true) continue;
      const key = from * after.length + to;
      if (key !== last.key) {
        const moving = found.get(key) ?? { moved: new Uint8Array(people.length), machines: [] };
        found.set(key, moving);
        here.add(key);
        last = { key, moved: moving.moved };
      }
      last.moved[index] = 1;
    }
    for (const key of here) for (const machine of alike.machines) found.get(key)?.machines.push(machine);
    looked += people.length;
    if (looked < atOnce) continue;
    looked = 0;
    await letOthers();
  }
  return [...found].map(([key, { moved, machines: on }]) => ({
    from: at(before, Math.floor(key / after.length)),
    to: at(after, key % after.length),
    people: people.filter((_, index) => moved[index] === 1),
    machines: on,
  }));
}

/** Requests that have come meanwhile are begun first. */
export function letOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** For what somebody has, the places of those whose names are among it, or who name none; rising. */
function fitting(named: readonly (readonly string[])[]): (has: readonly string[]) => number[] {
  const everybody = [...named.keys()].filter((index) => named[index]?.length === 0);
  const byName = new Map<string, number[]>();
  for (const [index, names] of named.entries())
    for (const name of names) byName.set(name, [...(byName.get(name) ?? []), index]);
  return (has) =>
    [...new Set([...everybody, ...has.flatMap((name) => byName.get(name) ?? [])])].toSorted((a, b) => a - b);
}

interface Alike<M> {
  /** 1 at the place of each policy that can hold there. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly machines: M[];
}

/** Machines on which the same policies can hold, before and after. */
function alikeOn<M extends Having>(
  before: readonly NamedPolicy[],
  after: readonly NamedPolicy[],
  machines: readonly M[],
): Alike<M>[] {
  const [old, next] = [before, after].map((list) => fitting(list.map(({ condition }) => condition.tags)));
  const alike = new Map<string, Alike<M>>();
  for (const machine of machines) {
    const places = [old?.(machine.has) ?? [], next?.(machine.has) ?? []] as const;
    const key = JSON.stringify(places);
    const marked = (list: readonly number[], length: number) => {
      const marks = new Uint8Array(length);
      for (const place of list) marks[place] = 1;
      return marks;
    };
    const known = alike.get(key) ?? {
      before: marked(places[0], before.length),
      after: marked(places[1], after.length),
      machines: [],
    };
    known.machines.push(machine);
    alike.set(key, known);
  }
  return [...alike.values()];
}

/** The first policy that fits the user and the machine. */
function firstOf(fits: readonly number[], here: Uint8Array): number {
  for (const place of fits) if (here[place] === 1) return place;
  throw new Error("no policy is for everybody");
}

function at<T>(list: readonly T[], index: number): T {
  const one = list[index];
  if (one === undefined) throw new Error("there is no such policy");
  return one;
}
