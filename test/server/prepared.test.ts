// Statements that PostgreSQL keeps planned for exchanges.

import { sql } from "kysely";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { openStore, type Tx } from "../../server/store/store.ts";
import { type Cluster, startCluster } from "./postgres/cluster.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

const nobody = { machine: "M", users: [] };
const settings = (tx: Tx) => tx.selectFrom("settings").selectAll().where("name", "=", "x").execute();
const kept = (tx: Tx) => sql<{ statement: string }>`select statement from pg_prepared_statements`.execute(tx);

async function open() {
  const store = await openStore({ kind: "postgres", url: cluster.url });
  onTestFinished(() => store.close());
  return store;
}

it("are kept by the connection, and what has no parameters or belongs to no exchange is not", async () => {
  const store = await open();
  await store.write(settings);
  const { rows } = await store.exchange(nobody, async (tx) => {
    await settings(tx);
    await settings(tx);
    return kept(tx);
  });
  expect(rows.map(({ statement }) => statement)).toEqual(['select * from "settings" where "name" = $1']);
});

it("fail once when another program has changed the table, and are planned anew on a new connection", async () => {
  const store = await open();
  expect(await store.exchange(nobody, settings)).toEqual([]);
  await store.write(async (tx) => {
    await sql`alter table settings add column later text`.execute(tx);
  });
  await expect(store.exchange(nobody, settings)).rejects.toThrow("cached plan");
  expect(await store.exchange(nobody, settings)).toEqual([]);
});
