import { type Kysely, sql } from "kysely";

/** Challenge-response authenticators: the challenges that dialogues were given, and what policies say of new ones. */
export async function challenges(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("challenges")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id").onDelete("cascade"))
    .addColumn("dialogue", "text", (c) => c.notNull())
    .addColumn("user_name", "text", (c) => c.notNull())
    .addColumn("caller", "text", (c) => c.notNull())
    .addColumn("digits", "text", (c) => c.notNull())
    .addColumn("given_at_ms", "bigint", (c) => c.notNull())
    .addPrimaryKeyConstraint("challenges_pk", ["machine_id", "dialogue"])
    .execute();
  await schema
    .createIndex("challenges_user")
    .on("challenges")
    .columns(["machine_id", "user_name", "caller", "given_at_ms"])
    .execute();
  await schema.alterTable("authenticators").addColumn("used_through_ms", "bigint").execute();
  await schema.alterTable("pending_authenticators").addColumn("challenge", "text").execute();
  const { rows } = await sql<{ name: string; policy: string }>`
    select name, policy from policies order by name`.execute(db);
  for (const { name, policy } of rows) {
    const before = JSON.parse(policy);
    // Where everything there was could be made, so it is still.
    const types = before.tokens.types.length === 2 ? ["totp", "hotp", "ocra"] : before.tokens.types;
    const after = { ...before, tokens: { ...before.tokens, types, ocraSuite: null } };
    await sql`update policies set policy = ${JSON.stringify(after)} where name = ${name}`.execute(db);
  }
}
