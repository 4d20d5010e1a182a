// Policies of a database that was made before they had an order, machine tags and whatever came to them since.

import { join } from "node:path";
import { Kysely, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import { listPolicies } from "../../server/policies/policies.ts";
import { first } from "../../server/store/migrations/0001-first.ts";
import { NodeSqliteDialect, openSqlite } from "../../server/store/sqlite.ts";
import { openStore } from "../../server/store/store.ts";
import { startMs, temporaryFolder } from "./fixture.ts";

/** As version 0001 stored it. */
const old = {
  mfa: "required",
  scope: ["logon", "remote"],
  online: { factors: [["totp"]] },
  offline: { days: 3, signIns: null, factors: [["totp", "hotp"]] },
  lockout: { failures: 4, minutes: 20 },
  guessLimit: 30,
  grace: { unlocks: 2, minutes: 5 },
  enrol: "ask",
  unreachable: "skip",
  totpWindow: { past: 2, future: 0 },
  hotpLookAhead: 5,
  helpDesk: "off",
  seeds: "per-machine",
};

async function madeByTheFirst(rows: readonly (readonly [string, number, object])[]): Promise<string> {
  const path = join(temporaryFolder(), "nightlatch.db");
  const db = new Kysely<unknown>({ dialect: new NodeSqliteDialect(openSqlite(path)) });
  await sql`create table migrations (number integer primary key)`.execute(db);
  await first(db);
  await sql`insert into migrations (number) values (1)`.execute(db);
  for (const [group, priority, policy] of rows)
    await sql`insert into policies (group_name, priority, policy, updated_at_ms)
      values (${group}, ${priority}, ${JSON.stringify(policy)}, ${startMs})`.execute(db);
  await db.destroy();
  return path;
}

describe("policies of groups", () => {
  it("become policies of the same names, in the order in which they won", async () => {
    const path = await madeByTheFirst([
      ["", 0, { ...old, guessLimit: 1 }],
      ["b", 5, { ...old, guessLimit: 2 }],
      ["a", 5, { ...old, guessLimit: 3 }],
      ["z", 9, { ...old, guessLimit: 4 }],
    ]);
    const store = await openStore({ kind: "sqlite", path });
    const all = await listPolicies(store.db);
    await store.close();
    expect(all.map(({ name, condition, policy }) => [name, condition, policy.guessLimit])).toEqual([
      ["z", { groups: ["z"], tags: [] }, 4],
      ["a", { groups: ["a"], tags: [] }, 3],
      ["b", { groups: ["b"], tags: [] }, 2],
      ["default", { groups: [], tags: [] }, 1],
    ]);
    expect(all[0]?.policy).toEqual({ ...defaultPolicy, ...old, guessLimit: 4 });
  });

  it("that were never set leave the default one", async () => {
    const store = await openStore({ kind: "sqlite", path: await madeByTheFirst([]) });
    expect(await listPolicies(store.db)).toMatchObject([{ name: "default", policy: defaultPolicy }]);
    await store.close();
  });
});
