import type { Kysely } from "kysely";

/** Where imports are staged, how known secrets are recognised, and who came from a directory. */
export async function imports({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable("authenticators").addColumn("secret_digest", "text").execute();
  await schema.alterTable("authenticators").addColumn("key_digest", "text").execute();
  await schema
    .createTable("imports")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("started_at_ms", "bigint", (c) => c.notNull())
    .execute();
  await schema
    .createTable("import_users")
    .addColumn("import_id", "text", (c) => c.notNull())
    .addColumn("line", "integer", (c) => c.notNull())
    .addColumn("fresh_id", "text", (c) => c.notNull())
    .addColumn("user_id", "text", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("look_alike", "text", (c) => c.notNull())
    .addColumn("display_name", "text")
    .addColumn("disabled", "integer")
    .addColumn("external_id", "text")
    .addColumn("says_groups", "integer", (c) => c.notNull())
    .addColumn("present", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("changed", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("bad", "integer", (c) => c.notNull().defaultTo(0))
    .addPrimaryKeyConstraint("import_users_pk", ["import_id", "line"])
    .execute();
  await schema
    .createIndex("import_users_look_alike")
    .on("import_users")
    .columns(["import_id", "look_alike"])
    .execute();
  await schema
    .createIndex("import_users_user")
    .on("import_users")
    .columns(["import_id", "user_id"])
    .execute();
  await schema
    .createTable("import_groups")
    .addColumn("import_id", "text", (c) => c.notNull())
    .addColumn("line", "integer", (c) => c.notNull())
    .addColumn("group_name", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("import_groups_pk", ["import_id", "line", "group_name"])
    .execute();
  await schema
    .createTable("import_keys")
    .addColumn("import_id", "text", (c) => c.notNull())
    .addColumn("line", "integer", (c) => c.notNull())
    .addColumn("id", "text", (c) => c.notNull())
    .addColumn("type", "text", (c) => c.notNull())
    .addColumn("sealed", "text", (c) => c.notNull())
    .addColumn("counter", "bigint", (c) => c.notNull())
    .addColumn("secret_digest", "text", (c) => c.notNull())
    .addColumn("key_digest", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("import_keys_pk", ["import_id", "line", "id"])
    .execute();
  await schema.createIndex("import_keys_id").on("import_keys").column("id").execute();
  await schema
    .createTable("import_addresses")
    .addColumn("import_id", "text", (c) => c.notNull())
    .addColumn("line", "integer", (c) => c.notNull())
    .addColumn("place", "text", (c) => c.notNull())
    .addColumn("address", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("import_addresses_pk", ["import_id", "line", "place"])
    .execute();
  await schema
    .createTable("import_faults")
    .addColumn("import_id", "text", (c) => c.notNull())
    .addColumn("line", "integer", (c) => c.notNull())
    .addColumn("field", "text", (c) => c.notNull())
    .addColumn("fault", "text", (c) => c.notNull())
    .execute();
  await schema
    .createIndex("import_faults_line")
    .on("import_faults")
    .columns(["import_id", "line", "field"])
    .execute();
  await schema
    .createTable("directory_users")
    .addColumn("user_id", "text", (c) => c.primaryKey().references("users.id").onDelete("cascade"))
    .addColumn("external_id", "text", (c) => c.notNull())
    .addColumn("gone_at_ms", "bigint")
    .execute();
  await schema
    .createTable("directory_groups")
    .addColumn("group_name", "text", (c) => c.primaryKey())
    .execute();
}
