// "Has this text in it", the same in SQLite and PostgreSQL, whatever the text holds.

import { type RawBuilder, sql } from "kysely";

/** Case is passed over where both databases do that alike, in ASCII; beyond it, as far as the database knows it. */
export function containing(column: string, text: string): RawBuilder<boolean> {
  const literal = text.toLowerCase().replaceAll(/[\\%_]/g, (sign) => `\\${sign}`);
  return sql<boolean>`lower(${sql.ref(column)}) like ${`%${literal}%`} escape '\\'`;
}
