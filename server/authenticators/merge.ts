// A machine's word about what it has spent, taken into the database.

import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import type { Tx } from "../store/store.ts";
import { saveSpent } from "./authenticators.ts";
import { bounded, covers, mergeSpent, spentOf } from "./spent.ts";

/** The authenticators with the later of both sides spent, and kept so. Words about other authenticators are passed over. */
export async function mergeAndSave(
  tx: Tx,
  authenticators: readonly Authenticator[],
  words: readonly Spent[],
  nowMs: number,
): Promise<Authenticator[]> {
  const merged: Authenticator[] = [];
  for (const authenticator of authenticators) {
    const after = words
      .map((spent) => bounded(spent, authenticators, nowMs))
      .reduce(mergeSpent, authenticator);
    if (!covers(spentOf(authenticator), spentOf(after))) await saveSpent(tx, after);
    merged.push(after);
  }
  return merged;
}
