import { type Kysely, sql } from "kysely";

interface Before {
  readonly group_name: string;
  readonly policy: string;
  readonly updated_at_ms: number;
}

/** What policies have had since, as it was before. */
const news = {
  texts: { login: "", help: "", passwordUrl: "" },
  tokens: { types: ["totp", "hotp"], algorithm: null, digits: null, periodSeconds: null },
};

/**
 * Policies get a name, a place in an order and a condition on groups and machine tags. What was the policy of a group is a
 * policy of that name for that group, in the order in which those of groups were looked through.
 */
export async function policies(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  const before = await sql<Before>`
    select group_name, policy, updated_at_ms from policies order by priority desc, group_name`.execute(db);
  await schema.dropTable("policies").execute();
  await schema
    .createTable("policies")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("position", "integer", (c) => c.notNull())
    .addColumn("group_names", "text", (c) => c.notNull())
    .addColumn("machine_tags", "text", (c) => c.notNull())
    .addColumn("policy", "text", (c) => c.notNull())
    .addColumn("updated_at_ms", "bigint", (c) => c.notNull())
    .execute();
  for (const [at, row] of before.rows.entries()) {
    const name = row.group_name === "" ? "default" : row.group_name;
    const groups = JSON.stringify(row.group_name === "" ? [] : [row.group_name]);
    await sql`
      insert into policies (name, position, group_names, machine_tags, policy, updated_at_ms)
      values (${name}, ${at + 1}, ${groups}, ${"[]"}, ${JSON.stringify({ ...JSON.parse(row.policy), ...news })}, ${row.updated_at_ms})`.execute(
      db,
    );
  }
  await schema
    .createTable("machine_tags")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id").onDelete("cascade"))
    .addColumn("tag", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("machine_tags_pk", ["machine_id", "tag"])
    .execute();
  await schema.createIndex("machine_tags_tag").on("machine_tags").column("tag").execute();
  await schema
    .createIndex("user_groups_group")
    .on("user_groups")
    .columns(["group_name", "user_id"])
    .execute();
  await schema
    .alterTable("join_tokens")
    .addColumn("tags", "text", (c) => c.notNull().defaultTo("[]"))
    .execute();
}
