import type { Kysely } from "kysely";

/** Challenges on the server's own pages: ../tables/verification.ts. */
export async function pageChallenges({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("page_challenges")
    .addColumn("place", "text", (c) => c.primaryKey())
    .addColumn("user_name", "text", (c) => c.notNull())
    .addColumn("asker", "text", (c) => c.notNull())
    .addColumn("address", "text", (c) => c.notNull())
    .addColumn("digits", "text", (c) => c.notNull())
    .addColumn("drawn_at_ms", "bigint", (c) => c.notNull())
    .addColumn("given_at_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema
    .createIndex("page_challenges_user")
    .on("page_challenges")
    .columns(["user_name", "asker"])
    .execute();
  await schema.createIndex("page_challenges_given").on("page_challenges").column("given_at_ms").execute();
  await schema
    .createIndex("page_challenges_address")
    .on("page_challenges")
    .columns(["address", "given_at_ms"])
    .execute();
}
