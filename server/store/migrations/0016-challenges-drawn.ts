import { type Kysely, sql } from "kysely";

/** A challenge keeps when it was drawn, in whichever dialogues it is given. Those that are open end: they last ten minutes. */
export async function challengesDrawn(db: Kysely<unknown>): Promise<void> {
  await sql`delete from challenges`.execute(db);
  await db.schema
    .alterTable("challenges")
    .addColumn("drawn_at_ms", "bigint", (c) => c.notNull().defaultTo(0))
    .execute();
}
