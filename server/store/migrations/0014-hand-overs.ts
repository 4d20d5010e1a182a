import type { Kysely } from "kysely";

/**
 * The screen of a sign-in hands over to a phone; which addresses their users have proved; when a machine's clock was turned
 * back last.
 */
export async function handOvers({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("hand_overs")
    .addColumn("user_id", "text", (c) => c.primaryKey().references("users.id").onDelete("cascade"))
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id").onDelete("cascade"))
    .addColumn("dialogue", "text", (c) => c.notNull())
    .addColumn("code_digest", "text", (c) => c.notNull())
    .addColumn("failures", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .addColumn("expires_at_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema.alterTable("invitations").addColumn("sign_in", "text").execute();
  await schema.alterTable("addresses").addColumn("proved_at_ms", "bigint").execute();
  await schema.alterTable("machines").addColumn("clock_turned_back_at_ms", "bigint").execute();
}
