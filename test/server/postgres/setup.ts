// Before the tests of the server run on PostgreSQL: one cluster for all of them, and in it the database that theirs are
// copies of. Its migrations are those of a new server.

import pg from "pg";
import { openStore } from "../../../server/store/store.ts";
import { startCluster } from "./cluster.ts";
import { clusterVariable, template, urlOf } from "./databases.ts";

export default async function setup(): Promise<() => Promise<void>> {
  const cluster = await startCluster();
  const client = new pg.Client({ connectionString: cluster.url });
  await client.connect();
  try {
    await client.query(`create database ${template}`);
    const made = await openStore({ kind: "postgres", url: urlOf(cluster.url, template) });
    await made.close();
  } finally {
    await client.end();
  }
  process.env[clusterVariable] = cluster.url;
  return () => cluster.stop();
}
