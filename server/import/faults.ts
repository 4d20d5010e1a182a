// What is wrong with a source, line by line.

import type { Db } from "../store/store.ts";

export interface ListedFault {
  readonly line: number;
  /** Empty: the line as a whole. */
  readonly field: string;
  readonly fault: string;
}

const atOnce = 1_000;

/** By line; some at a time, since there may be as many as lines. */
export async function* listFaults(db: Db, importId: string): AsyncGenerator<ListedFault> {
  for (let offset = 0; ; offset += atOnce) {
    const rows = await db
      .selectFrom("importFaults")
      .where("importId", "=", importId)
      .orderBy("line")
      .orderBy("field")
      .orderBy("fault")
      .offset(offset)
      .limit(atOnce)
      .select(["line", "field", "fault"])
      .execute();
    yield* rows;
    if (rows.length < atOnce) return;
  }
}
