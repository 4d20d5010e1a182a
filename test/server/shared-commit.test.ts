// Exchanges that wait at the same moment share a commit on SQLite: each is as alone in it as if it had its own.

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { Tx } from "../../server/store/store.ts";
import { startMs, type TestServer, testServer } from "./fixture.ts";

const nobody = { machine: "M", users: [] };

function setting(name: string) {
  return async (tx: Tx) => {
    await tx.insertInto("settings").values({ name, content: "{}", updatedAtMs: startMs }).execute();
    return name;
  };
}

async function kept({ store }: TestServer): Promise<string[]> {
  const rows = await store.db.selectFrom("settings").select("name").orderBy("name").execute();
  return rows.map((row) => row.name);
}

describe("exchanges at the same moment", () => {
  it("each end as they would alone, and one that fails takes back its own writes only", async () => {
    const server = await testServer();
    const { exchange } = server.store;
    const ended = await Promise.allSettled([
      exchange(nobody, setting("a")),
      exchange(nobody, async (tx) => {
        await setting("b")(tx);
        throw new Error("no");
      }),
      exchange(nobody, setting("c")),
      exchange(nobody, setting("c")),
    ]);
    expect(ended.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
    expect(await kept(server)).toEqual(["a", "c"]);
  });

  it("see what those before them in the same commit have written", async () => {
    const server = await testServer();
    const { exchange } = server.store;
    const count = async (tx: Tx) => {
      const { n } = await tx
        .selectFrom("settings")
        .select((expression) => expression.fn.countAll<number>().as("n"))
        .executeTakeFirstOrThrow();
      await setting(`s${n}`)(tx);
      return Number(n);
    };
    const seen = await Promise.all(Array.from({ length: 100 }, () => exchange(nobody, count)));
    expect(seen).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  it("are all refused when the commit fails, and nothing of them is kept", async () => {
    const server = await testServer();
    const { exchange } = server.store;
    // A foreign key that is only checked at the commit, and points nowhere.
    const dangling = async (tx: Tx) => {
      await sql`create table if not exists late (of text references users (id) deferrable initially deferred)`.execute(
        tx,
      );
      await sql`insert into late (of) values ('nobody')`.execute(tx);
    };
    await exchange(nobody, setting("before"));
    const ended = await Promise.allSettled([
      exchange(nobody, setting("a")),
      exchange(nobody, dangling),
      exchange(nobody, setting("b")),
    ]);
    // The first of them too: it has not gone ahead of those that came in the same turn.
    expect(ended.map((one) => one.status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(await kept(server)).toEqual(["before"]);
    await exchange(nobody, setting("after"));
    expect(await kept(server)).toEqual(["after", "before"]);
  });

  it("are told only what another connection can see", async () => {
    const server = await testServer();
    const other = new DatabaseSync(join(server.data, "nightlatch.db"), { readOnly: true });
    const there = other.prepare("select 1 from settings where name = ?");
    await Promise.all(
      ["a", "b", "c", "d"].map(async (name) => {
        await server.store.exchange(nobody, setting(name));
        expect(there.get(name)).toBeDefined();
      }),
    );
    other.close();
  });
});
