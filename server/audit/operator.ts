// Whose hand a transaction is: every audit entry written in it bears the name. It is said once, where the transaction
// begins, and not by each function that changes something: one that forgot could not be told from one that nobody called.

import type { Store, Tx } from "../store/store.ts";

const hands = new WeakMap<Tx, string>();

/** Undefined for what happens by itself, such as a machine's request. */
export function operatorOf(tx: Tx): string | undefined {
  return hands.get(tx);
}

/** The same store, whose changes are all made by `operator`. */
export function operatedBy(store: Store, operator: string): Store {
  return {
    ...store,
    write: (work) =>
      store.write((tx) => {
        hands.set(tx, operator);
        return work(tx);
      }),
  };
}
