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
  // For lists that are shown a page at a time.
  await schema.createIndex("audit_at").on("audit").columns(["at_ms", "kind"]).execute();
  await schema.createIndex("audit_user").on("audit").columns(["user_name", "id"]).execute();
  await schema.createIndex("audit_machine").on("audit").columns(["machine_id", "id"]).execute();
  await schema.createIndex("enrolments_user").on("enrolments").columns(["user_id", "ended_at_ms"]).execute();
  await schema
    .createIndex("enrolments_expiry")
    .on("enrolments")
    .columns(["ended_at_ms", "lease_expires_at_ms"])
    .execute();
  await schema
    .createIndex("enrolments_synced")
    .on("enrolments")
    .columns(["ended_at_ms", "last_synced_at_ms"])
    .execute();
  await schema
    .createIndex("enrolments_begun")
    .on("enrolments")
    .columns(["ended_at_ms", "enrolled_at_ms"])
    .execute();
  await schema.createIndex("machines_hostname").on("machines").columns(["hostname", "id"]).execute();
  await schema.createIndex("machines_sync").on("machines").column("last_sync_at_ms").execute();
  await schema.createIndex("users_created").on("users").column("created_at_ms").execute();
  await schema.createIndex("user_groups_name").on("user_groups").column("group_name").execute();
}
