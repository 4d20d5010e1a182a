// All that the database holds, and a path of each route of the console that means something there.

import type { Tables } from "../../server/store/tables.ts";
import type { TestServer } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";

export interface Things {
  readonly server: TestServer;
  readonly machine: TestMachine;
}

/** All that the database holds, but for when a session was last seen. */
export async function everything({ store }: TestServer): Promise<Record<string, string>> {
  const names = (await store.db.introspection.getTables()).map(({ name }) => name);
  const all: Record<string, string> = {};
  for (const name of names) {
    const rows = await store.db
      .selectFrom(name as keyof Tables)
      .selectAll()
      .execute();
    all[name] = rows
      .map((row) => JSON.stringify({ ...row, lastSeenAtMs: undefined }))
      .toSorted()
      .join("\n");
  }
  return all;
}

/** A path of this route that means something here. */
export async function pathOf({ server, machine }: Things, route: string): Promise<string> {
  const [, pattern = ""] = route.split(" ");
  const alice = await server.store.db
    .selectFrom("users")
    .select("id")
    .where("name", "=", "alice")
    .executeTakeFirst();
  const [token] = await server.store.db.selectFrom("joinTokens").select("id").orderBy("id").execute();
  const [message] = await server.store.db.selectFrom("messages").select("id").orderBy("id").execute();
  const ids = [
    ["/machines/", machine.id],
    ["/join-tokens/", token?.id],
    ["/queue/", message?.id],
    ["", alice?.id],
  ] as const;
  const id = ids.find(([part]) => pattern.includes(part))?.[1];
  const query: Readonly<Record<string, string>> = {
    "/admin/policies/edit": "?name=default",
    "/admin/enrolments/end": `?one=${machine.id}.${alice?.id}`,
  };
  return (
    pattern
      .replace(":id", id ?? "")
      .replace(":page", "provisioning")
      .replace(":action", "test") + (query[pattern] ?? "")
  );
}
