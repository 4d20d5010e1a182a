import { type Kysely, sql } from "kysely";

/** What policies say of PINs since, as it was before. */
const noPin = { place: "none", leastLength: 4, complexity: "decimal", trivial: "refused", attempts: 5 };

/** PINs of users, and what policies say of them. */
export async function pins(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("pins")
    .addColumn("user_id", "text", (c) => c.primaryKey().references("users.id").onDelete("cascade"))
    .addColumn("sealed", "text", (c) => c.notNull())
    .addColumn("failures", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("locked_at_ms", "bigint")
    .addColumn("must_change", "integer", (c) => c.notNull().defaultTo(0))
    .addColumn("set_at_ms", "bigint", (c) => c.notNull())
    .execute();
  const before = await sql<{ name: string; policy: string }>`
    select name, policy from policies order by name`.execute(db);
  for (const { name, policy } of before.rows)
    await sql`update policies set policy = ${JSON.stringify({ ...JSON.parse(policy), pin: noPin })}
      where name = ${name}`.execute(db);
}
