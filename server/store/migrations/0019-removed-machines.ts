import { type Kysely, sql } from "kysely";

/** Machines that were removed: what their requests are answered by stays, and no list walks over it. */
export async function removedMachines({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable("machines").addColumn("removed_at_ms", "bigint").execute();
  await schema.dropIndex("machines_sync").execute();
  for (const [name, column] of [
    ["machines_sync", "last_sync_at_ms"],
    ["machines_there_host", "hostname"],
    ["machines_there", "id"],
  ] as const)
    await schema
      .createIndex(name)
      .on("machines")
      .columns(column === "id" ? ["id"] : [column, "id"])
      .where(sql<boolean>`removed_at_ms is null`)
      .execute();
}
