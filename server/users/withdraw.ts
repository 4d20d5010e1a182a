// What was on its way to a user and would let them in: links, codes, keys that wait to be proved. None of it comes back when a
// user who was disabled is let in again.

import type { Tx } from "../store/store.ts";

const codes = [
  "mailCodes",
  "signInCodes",
  "handOvers",
  "pendingAuthenticators",
  "dialogues",
  "seedShowings",
] as const;
const links = ["invitations", "setupLinks"] as const;

/** How many links there were. */
export async function withdrawFrom(tx: Tx, userId: string): Promise<number> {
  for (const table of codes) await tx.deleteFrom(table).where("userId", "=", userId).execute();
  let count = 0;
  for (const table of links) {
    const gone = await tx.deleteFrom(table).where("userId", "=", userId).executeTakeFirst();
    count += Number(gone.numDeletedRows);
  }
  return count;
}
