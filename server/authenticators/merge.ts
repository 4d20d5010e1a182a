// A machine's word about what it has spent, taken into the database.

import { usedThrough } from "../../otp/challenge.ts";
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
      .reduce(mergeSpent, believed(authenticator, nowMs));
    if (!covers(spentOf(authenticator), spentOf(after))) await saveSpent(tx, after);
    merged.push(after);
  }
  return merged;
}

/** The server's clock may have been set back since that was kept. */
function believed(authenticator: Authenticator, nowMs: number): Authenticator {
  if (authenticator.type !== "ocra") return authenticator;
  return { ...authenticator, usedThroughMs: usedThrough(authenticator.usedThroughMs, nowMs) };
}
