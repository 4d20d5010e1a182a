import { type ColumnDefinitionBuilder, type Kysely, PostgresAdapter } from "kysely";

/** A primary key that counts up by itself; its column is an `integer` in SQLite and a `bigint` in PostgreSQL. */
export function rowNumber(db: Kysely<unknown>): {
  readonly type: "integer" | "bigint";
  readonly column: (c: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
} {
  return db.getExecutor().adapter instanceof PostgresAdapter
    ? { type: "bigint", column: (c) => c.primaryKey().generatedByDefaultAsIdentity() }
    : { type: "integer", column: (c) => c.primaryKey().autoIncrement() };
}
