import type { Kysely } from "kysely";
import { rowNumber } from "../row-number.ts";

/** The tables as described in ../tables.ts. */
export async function first(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("server")
    .addColumn("id", "integer", (c) => c.primaryKey())
    .addColumn("signing_key", "text", (c) => c.notNull())
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema
    .createTable("users")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("name", "text", (c) => c.notNull().unique())
    .addColumn("look_alike", "text", (c) => c.notNull().unique())
    .addColumn("display_name", "text", (c) => c.notNull())
    .addColumn("disabled_at_ms", "bigint")
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .addColumn("failures", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("locked_until_ms", "bigint")
    .addColumn("self_failures", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("self_locked_until_ms", "bigint")
    .execute();
  await schema
    .createTable("user_groups")
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("group_name", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("user_groups_pk", ["user_id", "group_name"])
    .execute();
  await schema
    .createTable("policies")
    .addColumn("group_name", "text", (c) => c.primaryKey())
    .addColumn("priority", "integer", (c) => c.notNull())
    .addColumn("policy", "text", (c) => c.notNull())
    .addColumn("updated_at_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema
    .createTable("authenticators")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("type", "text", (c) => c.notNull())
    .addColumn("sealed", "text", (c) => c.notNull())
    .addColumn("last_step", "bigint")
    .addColumn("counter", "bigint", (c) => c.notNull().defaultTo(0))
    .addColumn("used_ids", "text", (c) => c.notNull().defaultTo("[]"))
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema.createIndex("authenticators_user").on("authenticators").column("user_id").execute();
  await schema
    .createTable("join_tokens")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("sealed_proof_key", "text", (c) => c.notNull())
    .addColumn("uses", "integer", (c) => c.notNull())
    .addColumn("uses_left", "integer", (c) => c.notNull())
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .addColumn("expires_at_ms", "bigint", (c) => c.notNull())
    .execute();
  await machines(db);
  const { type, column } = rowNumber(db);
  await schema
    .createTable("audit")
    .addColumn("id", type, column)
    .addColumn("at_ms", "bigint", (c) => c.notNull())
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("source", "text", (c) => c.notNull())
    .addColumn("user_name", "text")
    .addColumn("machine_id", "text")
    .addColumn("detail", "text", (c) => c.notNull())
    .execute();
}

async function machines({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("machines")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("signing_key", "text", (c) => c.notNull())
    .addColumn("box_key", "text", (c) => c.notNull())
    .addColumn("hostname", "text", (c) => c.notNull())
    .addColumn("platform", "text", (c) => c.notNull())
    .addColumn("agent_version", "text", (c) => c.notNull())
    .addColumn("protector", "text", (c) => c.notNull())
    .addColumn("join_token", "text", (c) => c.notNull())
    .addColumn("recovered_from", "text")
    .addColumn("joined_at_ms", "bigint", (c) => c.notNull())
    .addColumn("last_seen_at_ms", "bigint", (c) => c.notNull())
    .addColumn("last_sync_at_ms", "bigint")
    .addColumn("revoked_at_ms", "bigint")
    .addColumn("exempt", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("flags", "text", (c) => c.notNull().defaultTo("[]"))
    .addColumn("sequence", "bigint", (c) => c.notNull())
    .addColumn("serial", "bigint", (c) => c.notNull().defaultTo(0))
    .addColumn("revoked_through", "bigint", (c) => c.notNull().defaultTo(0))
    .addColumn("policy_serial", "bigint", (c) => c.notNull().defaultTo(0))
    .addColumn("policy_digest", "text", (c) => c.notNull().defaultTo(""))
    .addColumn("events_through", "bigint", (c) => c.notNull().defaultTo(0))
    .addColumn("events_hash", "text")
    .execute();
  await schema
    .createTable("enrolments")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id"))
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("enrolled_at_ms", "bigint", (c) => c.notNull())
    .addColumn("last_synced_at_ms", "bigint", (c) => c.notNull())
    .addColumn("ended_at_ms", "bigint")
    .addColumn("lease_id", "text", (c) => c.notNull())
    .addColumn("lease_started_at_ms", "bigint", (c) => c.notNull())
    .addColumn("lease_expires_at_ms", "bigint", (c) => c.notNull())
    .addColumn("lease_sign_ins", "integer")
    .addColumn("sign_ins_used", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("bundle_serial", "bigint", (c) => c.notNull().defaultTo(0))
    .addColumn("bundle_digest", "text", (c) => c.notNull().defaultTo(""))
    .addColumn("bundle_spent", "text", (c) => c.notNull().defaultTo("[]"))
    .addColumn("sealed_unlock_key", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("enrolments_pk", ["machine_id", "user_id"])
    .execute();
  await schema
    .createTable("revocations")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id"))
    .addColumn("serial", "bigint", (c) => c.notNull())
    .addColumn("user_name", "text")
    .addColumn("payload", "text", (c) => c.notNull())
    .addColumn("signature", "text", (c) => c.notNull())
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .addPrimaryKeyConstraint("revocations_pk", ["machine_id", "serial"])
    .execute();
  await schema
    .createTable("events")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id"))
    .addColumn("sequence", "bigint", (c) => c.notNull())
    .addColumn("line", "text", (c) => c.notNull())
    .addColumn("hash", "text", (c) => c.notNull())
    .addColumn("received_at_ms", "bigint", (c) => c.notNull())
    .addPrimaryKeyConstraint("events_pk", ["machine_id", "sequence"])
    .execute();
  await schema
    .createTable("dialogues")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id"))
    .addColumn("dialogue", "text", (c) => c.notNull())
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("granted_at_ms", "bigint", (c) => c.notNull())
    .addPrimaryKeyConstraint("dialogues_pk", ["machine_id", "dialogue"])
    .execute();
  await schema
    .createTable("unlocks")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id"))
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("at_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema
    .createTable("offline_roots")
    .addColumn("user_id", "text", (c) => c.primaryKey().references("users.id").onDelete("cascade"))
    .addColumn("sealed", "text", (c) => c.notNull())
    .execute();
  await schema
    .createTable("machine_seeds")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id").onDelete("cascade"))
    .addColumn("last_step", "bigint")
    .addColumn("shown_at_ms", "bigint")
    .addUniqueConstraint("machine_seeds_place", ["user_id", "machine_id"])
    .execute();
  await schema.createIndex("unlocks_user").on("unlocks").columns(["user_id", "machine_id"]).execute();
}
