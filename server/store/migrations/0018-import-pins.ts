import type { Kysely } from "kysely";

/** PINs that an import has staged: as they were typed, and then what is kept of them. */
export async function importPins({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("import_pins")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("import_id", "text", (c) => c.notNull())
    .addColumn("line", "integer", (c) => c.notNull())
    .addColumn("sealed", "text", (c) => c.notNull())
    .addColumn("hashed", "integer", (c) => c.notNull().defaultTo(0))
    .execute();
  await schema.createIndex("import_pins_line").on("import_pins").columns(["import_id", "line"]).execute();
}
