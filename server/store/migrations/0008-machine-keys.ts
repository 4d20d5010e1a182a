import type { Kysely } from "kysely";

/** Keys that a machine is about to have, and those it had. */
export async function machineKeys({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("machine_keys")
    .addColumn("machine_id", "text", (c) => c.notNull().references("machines.id"))
    .addColumn("signing_key", "text", (c) => c.notNull())
    .addColumn("box_key", "text", (c) => c.notNull())
    .addColumn("at_ms", "bigint", (c) => c.notNull())
    .addColumn("payload", "text")
    .addColumn("signature", "text")
    .addPrimaryKeyConstraint("machine_keys_pk", ["machine_id", "signing_key"])
    .execute();
}
