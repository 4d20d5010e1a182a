// Before the tests of the server run on PostgreSQL: one cluster for all of them.

import { startCluster } from "./cluster.ts";
import { clusterVariable } from "./databases.ts";

export default async function setup(): Promise<() => Promise<void>> {
  const cluster = await startCluster();
  process.env[clusterVariable] = cluster.url;
  return () => cluster.stop();
}
