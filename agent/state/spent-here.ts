// What was spent on this machine, under whatever name. Who is called something else has the same authenticators, and a code that
// was good here under the old name is not good once more under the new one.

import type { Spent } from "../../protocol/sync/exchanges.ts";
import { maxSpent } from "../../protocol/sync/exchanges.ts";
import { laterSpent, type Standing, spentOf } from "../policy/standing.ts";
import { StateDamaged } from "./failures.ts";
import { heldBundle } from "./held.ts";
import type { Store } from "./store.ts";

/**
 * What the server is told at an online sign-in: what is known under the very name, then what it can't have heard yet, under any;
 * the newest of those who have left before the older. Also of somebody who is enrolled: by now the name may be another one's, who
 * has spent something here under another.
 * Accepted: where more than fits was spent and not heard of, the rest goes up with the next sync alone.
 */
export function spentToTell(store: Store, user: string): Spent[] {
  const { enrolled, left } = wordsHere(store);
  const newest = left.toSorted((one, other) => other.serial - one.serial);
  const unheard = [...enrolled, ...newest].flatMap((words) => words.unheard);
  return together([...spentUnder(store, user), ...unheard]).slice(0, maxSpent);
}

/** What was spent of these under any name; authenticators have ids of their own. */
export function spentOfThese(store: Store, authenticators: readonly Spent[]): Spent[] {
  const ids = new Set(authenticators.map(({ id }) => id));
  const { enrolled, left } = wordsHere(store);
  const words = [...enrolled, ...left].flatMap(({ spent }) => spent);
  return together(words.filter(({ id }) => ids.has(id)));
}

/** What can't be read has nothing to say; the server knows what is spent there. */
function spentUnder(store: Store, user: string): readonly Spent[] {
  try {
    return store.standing(user)?.spent ?? store.tombstone(user)?.spent ?? [];
  } catch (error) {
    if (error instanceof StateDamaged) return [];
    throw error;
  }
}

interface Words {
  readonly generation: number;
  readonly spent: readonly Spent[];
  /** Beyond what the bundle says; of who has left, nobody knows any more what was heard. */
  readonly unheard: readonly Spent[];
  /** Of the revocation by which somebody left. */
  readonly serial: number;
}

const kept = new WeakMap<Store, ReadonlyMap<string, Words>>();

/** Every sign-in asks for them, and a stranger's, too: rows that have not changed are not opened again. */
function wordsHere(store: Store) {
  const before = kept.get(store);
  const now = new Map<string, Words>();
  const of = (table: "standing" | "tombstone") =>
    store.namesOf(table).map(({ id, generation }) => {
      const key = `${table} ${id}`;
      const known = before?.get(key);
      const words = known?.generation === generation ? known : { generation, ...wordsAt(store, table, id) };
      now.set(key, words);
      return words;
    });
  const words = { enrolled: of("standing"), left: of("tombstone") };
  kept.set(store, now);
  return words;
}

const nothing = { spent: [], unheard: [], serial: 0 };

/** One that can't be read has nothing to say. */
function wordsAt(store: Store, table: "standing" | "tombstone", id: string): Omit<Words, "generation"> {
  try {
    if (table === "standing") {
      const standing = store.standingAt(id);
      if (standing === undefined) return nothing;
      return { spent: standing.spent, unheard: notHeard(store, standing), serial: 0 };
    }
    const tombstone = store.tombstoneAt(id);
    if (tombstone === undefined) return nothing;
    const { spent, serial } = tombstone;
    return { spent, unheard: spent, serial };
  } catch (error) {
    if (error instanceof StateDamaged) return nothing;
    throw error;
  }
}

/** Beyond what its bundle says. */
function notHeard(store: Store, standing: Standing): Spent[] {
  let heard: readonly Spent[];
  try {
    heard = heldBundle(store, standing).authenticators.map(spentOf);
  } catch (error) {
    if (!(error instanceof StateDamaged)) throw error;
    heard = [];
  }
  return standing.spent.filter((word) => {
    const known = heard.find(({ id }) => id === word.id);
    return known === undefined || JSON.stringify(laterSpent(known, word)) !== JSON.stringify(known);
  });
}

function together(words: readonly Spent[]): Spent[] {
  const latest = new Map<string, Spent>();
  for (const word of words) latest.set(word.id, laterSpent(word, latest.get(word.id)));
  return [...latest.values()];
}
