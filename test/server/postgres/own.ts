import { afterAll, beforeAll } from "vitest";
import { openStore, type Store } from "../../../server/store/store.ts";
import { type Cluster, startCluster } from "./cluster.ts";

/** A PostgreSQL of this file's own, whatever the tier, and a store on it, both for as long as its tests run. */
export function ownPostgres(): { readonly url: () => string; readonly store: () => Store } {
  let cluster: Cluster;
  let store: Store;
  beforeAll(async () => {
    cluster = await startCluster();
    store = await openStore({ kind: "postgres", url: cluster.url });
  });
  afterAll(async () => {
    await store.close();
    await cluster.stop();
  });
  return { url: () => cluster.url, store: () => store };
}
