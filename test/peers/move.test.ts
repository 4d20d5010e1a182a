// `migrate-store`: a server's SQLite database moves to PostgreSQL, with all it knows of what is spent.

import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeApp } from "../../server/api/app.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { Health } from "../../server/monitoring/health.ts";
import { openStore, type Store } from "../../server/store/store.ts";
import { random, startMs, testServer, totpAt } from "../server/fixture.ts";
import { type Cluster, startCluster } from "../server/postgres/cluster.ts";
import { setPin } from "../server/pins.ts";
import { run } from "../server/process.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

async function emptyDatabase(name: string): Promise<string> {
  const url = cluster.url;
  const { Client } = (await import("pg")).default;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return url.replace("/postgres?", `/${name}?`);
}

/** Every row of every table, in an order of its own. */
async function everything({ db }: Store, tables: readonly string[]): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const table of tables) {
    const { rows } = await sql<object>`select * from ${sql.table(table)}`.execute(db);
    all[table] = rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort();
  }
  return all;
}

describe("a server that moves to PostgreSQL", () => {
  it("holds every row as it was, goes on with what is spent, and is gone where it was", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice", ["staff"]);
    const codes = await server.addBackupCodes("alice");
    await setPin(server, "alice", "9946");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    laptop.event("server-reachable");
    await laptop.sync();
    const { db } = server.store;
    const named = await sql<{ name: string }>`select name from sqlite_master where type = 'table'
      and name not like 'sqlite%' and name not in ('migrations', 'policy_mark')`.execute(db);
    const tables = named.rows.map((row) => row.name);
    const before = await everything(server.store, tables);

    const url = await emptyDatabase("moved");
    const moved = await run(["--data", server.data, "--json", "migrate-store"], { NIGHTLATCH_DATABASE: url });
    expect(moved.err).toBe("");
    const told = JSON.parse(moved.out);
    expect(Object.keys(told.tables).sort()).toEqual([...tables].sort());

    const store = await openStore({ kind: "postgres", url });
    expect(await everything(store, tables)).toEqual(before);
    await store.close();

    // Whoever was left running on the old database lets nobody in any more, and nobody starts on it.
    const left = await laptop.send("verify", laptop.verifyRequest("alice", [codes[0] ?? ""]));
    expect(left.status).toBe(500);
    expect(await new Health(server.store).isReady()).toBe(false);
    await expect(openServer(server.data, server.clock, random)).rejects.toThrow("has moved to PostgreSQL");

    const there = await openServer(server.data, server.clock, random, url);
    const log = pino({ level: "silent" });
    const app = makeApp({ ...there, clock: server.clock, random, log, syncMinutes: 60 });
    const here = Object.assign(laptop, { fetch: (request: Request) => app.fetch(request) });
    expect(await here.verify("alice", [totpAt(secret, startMs)])).toEqual({ verdict: "denied" });
    server.clock.pass(30_000);
    const next = totpAt(secret, server.clock.nowMs);
    expect(await here.verify("alice", [next])).toMatchObject({ verdict: "granted" });
    await there.store.close();
  });

  it("is refused by a database that holds something, and stays where it is", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const url = await emptyDatabase("taken");
    const other = await testServer();
    expect((await run(["--data", other.data, "migrate-store"], { NIGHTLATCH_DATABASE: url })).code).toBe(0);
    const refused = await run(["--data", server.data, "migrate-store"], { NIGHTLATCH_DATABASE: url });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("not empty");
    expect(await laptop.verify("alice", [totpAt(secret, startMs)])).toMatchObject({ verdict: "granted" });
  });

  it("says what it needs", async () => {
    const server = await testServer();
    const { code, err } = await run(["--data", server.data, "migrate-store"]);
    expect(code).toBe(2);
    expect(err).toContain("NIGHTLATCH_DATABASE");
  });
});
