// What SQLite does by itself when a disk is full: it rolls back, and says why.

import { join } from "node:path";
import { Kysely, sql } from "kysely";
import { expect, it } from "vitest";
import { NodeSqliteDialect, openSqlite } from "../../server/store/sqlite.ts";
import { temporaryFolder } from "./fixture.ts";

it("a transaction that finds no room ends with that as its reason, and the next one goes on", async () => {
  const database = openSqlite(join(temporaryFolder(), "nightlatch.db"));
  const db = new Kysely<{ note: { text: string } }>({ dialect: new NodeSqliteDialect(database) });
  await sql`create table note (text text not null)`.execute(db);
  // In pages of 4 KiB, as a disk would have it; a cache of ten makes SQLite write before it commits.
  database.exec("PRAGMA max_page_count = 20; PRAGMA cache_size = 10");
  const writing = (text: string) =>
    db.transaction().execute((trx) => trx.insertInto("note").values({ text }).execute());
  await expect(writing("x".repeat(200_000))).rejects.toThrow(/full/);
  await writing("short");
  expect(await db.selectFrom("note").select("text").execute()).toEqual([{ text: "short" }]);
  await db.destroy();
});
