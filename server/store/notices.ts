// When something was last done, over all instances of the server.

import type { Db, Tx } from "./store.ts";

/** Milliseconds; undefined when it was never noted, or so long ago that it is forgotten. */
export async function noted(db: Db, name: string): Promise<number | undefined> {
  const row = await db.selectFrom("notices").select("atMs").where("name", "=", name).executeTakeFirst();
  return row?.atMs;
}

export async function note(tx: Tx, name: string, atMs: number): Promise<void> {
  await tx
    .insertInto("notices")
    .values({ name, atMs })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ atMs }))
    .execute();
}
