import type { Kysely } from "kysely";

/** The tables as described in ../tables/mail.ts. */
export async function mail({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("addresses")
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("place", "text", (c) => c.notNull())
    .addColumn("address", "text", (c) => c.notNull())
    .addColumn("for_codes", "integer", (c) => c.notNull())
    .addPrimaryKeyConstraint("addresses_pk", ["user_id", "place"])
    .execute();
  await schema
    .createTable("messages")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("channel", "text", (c) => c.notNull())
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("urgency", "integer", (c) => c.notNull())
    .addColumn("user_id", "text", (c) => c.references("users.id").onDelete("cascade"))
    .addColumn("recipient", "text", (c) => c.notNull())
    .addColumn("mailbox", "text", (c) => c.notNull())
    .addColumn("sealed", "text")
    .addColumn("state", "text", (c) => c.notNull())
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .addColumn("next_try_at_ms", "bigint", (c) => c.notNull())
    .addColumn("expires_at_ms", "bigint", (c) => c.notNull())
    .addColumn("tries", "integer", (c) => c.notNull())
    .addColumn("leased_by", "text")
    .addColumn("leased_until_ms", "bigint")
    .addColumn("problem", "text")
    .addColumn("ended_at_ms", "bigint")
    .execute();
  await schema.createIndex("messages_due").on("messages").columns(["state", "next_try_at_ms"]).execute();
  await schema.createIndex("messages_mailbox").on("messages").columns(["mailbox", "created_at_ms"]).execute();
  await schema.createIndex("messages_user").on("messages").columns(["user_id", "created_at_ms"]).execute();
  await schema.createIndex("messages_ended").on("messages").column("ended_at_ms").execute();
  await schema
    .createTable("sign_in_codes")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id").onDelete("cascade"))
    .addColumn("dialogue", "text", (c) => c.notNull())
    .addColumn("type", "text", (c) => c.notNull())
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("digest", "text", (c) => c.notNull())
    .addColumn("failures", "integer", (c) => c.notNull())
    .addColumn("expires_at_ms", "bigint", (c) => c.notNull())
    .addPrimaryKeyConstraint("sign_in_codes_pk", ["machine_id", "dialogue", "type"])
    .execute();
  await schema
    .createTable("notices")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("at_ms", "bigint", (c) => c.notNull())
    .execute();
}
