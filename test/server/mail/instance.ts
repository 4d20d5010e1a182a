// Another instance of a test's server.

import { onTestFinished } from "vitest";
import { type OpenServer, openServer } from "../../../server/identity/open-server.ts";
import { random, type TestServer } from "../fixture.ts";

/**
 * With connections of its own on PostgreSQL. A process has one connection to a file of SQLite: a second one would wait
 * for a lock on the very thread that has to give it back.
 */
export async function anotherInstance(server: TestServer): Promise<OpenServer> {
  if (server.postgresUrl === undefined) return server;
  const other = await openServer(server.data, server.clock, random, server.postgresUrl);
  onTestFinished(() => other.store.close());
  return other;
}
