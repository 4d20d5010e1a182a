import type { Kysely } from "kysely";

/** What people need to sign in to the server's own pages, and who it was that changed something. */
export async function web({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("accounts")
    .addColumn("user_id", "text", (c) => c.primaryKey().references("users.id").onDelete("cascade"))
    .addColumn("role", "text", (c) => c.notNull())
    .addColumn("sealed_password", "text")
    .addColumn("password_set_at_ms", "bigint")
    .execute();
  await schema
    .createTable("setup_links")
    .addColumn("id_hash", "text", (c) => c.primaryKey())
    .addColumn("user_id", "text", (c) => c.notNull().unique().references("users.id").onDelete("cascade"))
    .addColumn("sealed_seed", "text", (c) => c.notNull())
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .addColumn("expires_at_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema
    .createTable("sessions")
    .addColumn("id_hash", "text", (c) => c.primaryKey())
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("begun_at_ms", "bigint", (c) => c.notNull())
    .addColumn("last_seen_at_ms", "bigint", (c) => c.notNull())
    .addColumn("confirmed_at_ms", "bigint", (c) => c.notNull())
    .addColumn("address", "text", (c) => c.notNull())
    .addColumn("browser", "text", (c) => c.notNull())
    .execute();
  await schema.createIndex("sessions_user").on("sessions").column("user_id").execute();
  await schema.createIndex("sessions_seen").on("sessions").column("last_seen_at_ms").execute();
  await schema
    .createTable("throttles")
    .addColumn("key", "text", (c) => c.primaryKey())
    .addColumn("failures", "integer", (c) => c.notNull())
    .addColumn("last_failure_at_ms", "bigint", (c) => c.notNull())
    .addColumn("blocked_until_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema.createIndex("throttles_last").on("throttles").column("last_failure_at_ms").execute();
  await schema.alterTable("audit").addColumn("operator", "text").execute();
}
