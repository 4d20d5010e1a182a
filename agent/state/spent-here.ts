// What was spent on this machine, under whatever name. Who is called something else has the same authenticators, and a code that
// was good here under the old name is not good once more under the new one.

import type { Spent } from "../../protocol/sync/exchanges.ts";
import { maxSpent } from "../../protocol/sync/exchanges.ts";
import { laterSpent, type Standing, spentOf } from "../policy/standing.ts";
import { StateDamaged } from "./failures.ts";
import { heldBundle } from "./held.ts";
import type { Store } from "./store.ts";

/**
 * What the server is told at an online sign-in. Of somebody who is not enrolled here: first what is known under the very name,
 * then what it can't have heard yet, under any; the newest of those who have left before the older.
 * Accepted: where more than fits was spent and not heard of, the rest goes up with the next sync alone.
 */
export function spentToTell(store: Store, user: string): Spent[] {
  const standing = store.standing(user);
  if (standing !== undefined) return [...standing.spent];
  const own = store.tombstone(user)?.spent ?? [];
  const unheard = store.standings().readable.flatMap((other) => notHeard(store, other));
  const left = store.readableTombstones().toSorted((one, other) => other.serial - one.serial);
  const words = [...own, ...unheard, ...left.flatMap(({ spent }) => spent)];
  return together(words).slice(0, maxSpent);
}

/** What was spent of these under any name; authenticators have ids of their own. */
export function spentOfThese(store: Store, authenticators: readonly Spent[]): Spent[] {
  const ids = new Set(authenticators.map(({ id }) => id));
  const words = [
    ...store.standings().readable.flatMap(({ spent }) => spent),
    ...store.readableTombstones().flatMap(({ spent }) => spent),
  ];
  return together(words.filter(({ id }) => ids.has(id)));
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
