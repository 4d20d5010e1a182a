import type { Kysely } from "kysely";

/** Seeds per machine that are shown on the screen of a sign-in, and count once a code of them was typed. */
export async function seedShowings({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .alterTable("machine_seeds")
    .addColumn("round", "integer", (c) => c.notNull().defaultTo(0))
    .execute();
  await schema
    .alterTable("machine_seeds")
    .addColumn("shown_round", "integer", (c) => c.notNull().defaultTo(0))
    .execute();
  await schema
    .createTable("seed_showings")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id").onDelete("cascade"))
    .addColumn("dialogue", "text", (c) => c.notNull())
    .addColumn("user_id", "text", (c) => c.notNull().references("users.id").onDelete("cascade"))
    .addColumn("granted_at_ms", "bigint", (c) => c.notNull())
    .addColumn("round", "integer")
    .addColumn("failures", "integer", (c) => c.notNull().defaultTo(0))
    .addPrimaryKeyConstraint("seed_showings_key", ["machine_id", "dialogue"])
    .execute();
  await schema.createIndex("seed_showings_age").on("seed_showings").column("granted_at_ms").execute();
}
