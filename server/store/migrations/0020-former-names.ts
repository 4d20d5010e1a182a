import type { Kysely } from "kysely";

/** Names that users had, where machines may still hold something under them; and entries of a directory under another name. */
export async function formerNames({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("former_names")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id").onDelete("cascade"))
    .addColumn("user_name", "text", (c) => c.notNull())
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("at_ms", "bigint", (c) => c.notNull())
    .addColumn("revocation_serial", "bigint")
    .addPrimaryKeyConstraint("former_names_pk", ["machine_id", "user_name", "user_id"])
    .execute();
  await schema.createIndex("former_names_user").on("former_names").column("user_id").execute();
  await schema
    .alterTable("machines")
    .addColumn("holds_former_names", "integer", (c) => c.notNull().defaultTo(0))
    .execute();
  await schema.alterTable("import_users").addColumn("renamed_from", "text").execute();
}
