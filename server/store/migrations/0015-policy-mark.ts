import { type Kysely, PostgresAdapter, sql } from "kysely";

/** What the policies of a machine and the users named in them are made of. */
const sources = [
  { table: "policies", changes: ["insert", "update", "delete"] },
  { table: "user_groups", changes: ["insert", "update", "delete"] },
  // Who is new is in no group yet. Counting failures changes nothing of it.
  { table: "users", changes: ["update of name, disabled_at_ms", "delete"] },
] as const;

/**
 * A mark that is another one whenever something has changed of which the policies of a machine are made: so they can be kept
 * until then. The database sees to it, whoever makes the change. It is drawn and not counted: no mark comes back with a
 * transaction that was undone, or with a backup.
 */
export async function policyMark(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("policy_mark")
    .addColumn("mark", "text", (c) => c.notNull())
    .execute();
  await sql`insert into policy_mark (mark) values ('first')`.execute(db);
  await (db.getExecutor().adapter instanceof PostgresAdapter ? onPostgres(db) : onSqlite(db));
}

async function onSqlite(db: Kysely<unknown>): Promise<void> {
  for (const { table, changes } of sources)
    for (const [at, change] of changes.entries())
      await sql
        .raw(`create trigger policy_mark_${table}_${at} after ${change} on ${table}
          begin update policy_mark set mark = lower(hex(randomblob(16))); end`)
        .execute(db);
}

async function onPostgres(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function draw_policy_mark() returns trigger language plpgsql as $$
    begin
      update policy_mark set mark = gen_random_uuid()::text;
      return null;
    end $$`.execute(db);
  for (const { table, changes } of sources)
    await sql
      .raw(`create trigger policy_mark_${table} after ${changes.join(" or ")} or truncate on ${table}
        for each statement execute function draw_policy_mark()`)
      .execute(db);
}
