import type { Kysely } from "kysely";

/** The server's identities, each but the first signed by the one before, and what else it keeps sealed for itself. */
export async function serverKeys({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("server_keys")
    .addColumn("number", "integer", (c) => c.primaryKey())
    .addColumn("signing_key", "text", (c) => c.notNull())
    .addColumn("box_key", "text", (c) => c.notNull())
    .addColumn("sealed", "text", (c) => c.notNull())
    .addColumn("created_at_ms", "bigint", (c) => c.notNull())
    .addColumn("ends_at_ms", "bigint")
    .addColumn("payload", "text")
    .addColumn("signature", "text")
    .execute();
  await schema
    .createTable("server_secrets")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("sealed", "text", (c) => c.notNull())
    .execute();
}
