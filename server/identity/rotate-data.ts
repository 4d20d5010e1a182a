// Another key for everything sealed, while the server runs. Three steps, each good to be cut off after: the file holds new
// and old key; all rows are sealed anew; the file holds the new one alone. Begun again, it goes on where it was.

import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { OpenServer } from "./open-server.ts";
import { resealAll } from "./sealed-rows.ts";

/** How many rows were sealed anew. */
export async function rotateData(server: OpenServer, clock: Clock, random: Random): Promise<number> {
  const { store, vault, keyFile } = server;
  keyFile.begin(random);
  let resealed = 0;
  // Until a whole pass finds nothing: what another process sealed under the old key, just before the file was replaced, may
  // have been committed behind the first pass.
  for (let last = -1; last !== 0; resealed += last) last = await resealAll(store, vault);
  await store.write((tx) => record(tx, serverEntry(clock.wallMs(), "data-key-rotated", {}, { resealed })));
  keyFile.finish(random);
  return resealed;
}
