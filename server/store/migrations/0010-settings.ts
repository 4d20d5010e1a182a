import type { Kysely } from "kysely";

/** What an admin sets for the whole server. */
export async function settings({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("settings")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("content", "text", (c) => c.notNull())
    .addColumn("updated_at_ms", "bigint", (c) => c.notNull())
    .execute();
}
