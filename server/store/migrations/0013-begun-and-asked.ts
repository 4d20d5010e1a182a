import type { Kysely } from "kysely";

/** What is begun in a session ends with it, codes are counted by who has asked, requests known by which they were. */
export async function begunAndAsked({ schema }: Kysely<unknown>): Promise<void> {
  // A fresh code gives the session another id: what was begun goes along.
  await schema
    .alterTable("pending_authenticators")
    .addColumn("session_hash", "text", (c) =>
      c.references("sessions.id_hash").onDelete("cascade").onUpdate("cascade"),
    )
    .execute();
  await schema
    .alterTable("mail_codes")
    .addColumn("session_hash", "text", (c) =>
      c.references("sessions.id_hash").onDelete("cascade").onUpdate("cascade"),
    )
    .execute();
  await schema
    .createIndex("pending_authenticators_session")
    .on("pending_authenticators")
    .column("session_hash")
    .execute();
  await schema.createIndex("mail_codes_session").on("mail_codes").column("session_hash").execute();
  await schema
    .alterTable("machines")
    .addColumn("recent_requests", "text", (c) => c.notNull().defaultTo(""))
    .execute();
  await schema.alterTable("messages").addColumn("asker", "text").execute();
  await schema.alterTable("messages").addColumn("askers", "text").execute();
}
