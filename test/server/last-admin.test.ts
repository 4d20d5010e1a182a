// Admins who take away each other's power at the same moment: somebody has to be left.

import { expect, it } from "vitest";
import { signedIn } from "./browser.ts";
import { type TestServer, testServer } from "./fixture.ts";

async function idOf({ store }: TestServer, name: string): Promise<string> {
  const row = await store.db
    .selectFrom("users")
    .select("id")
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  return row.id;
}

async function adminsOf({ store }: TestServer): Promise<string[]> {
  const rows = await store.db
    .selectFrom("accounts")
    .innerJoin("users", "users.id", "accounts.userId")
    .select("users.name")
    .where("accounts.role", "=", "admin")
    .where("users.disabledAtMs", "is", null)
    .orderBy("users.name")
    .execute();
  return rows.map(({ name }) => name);
}

const ways: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ["take the role", "role", { role: "none" }],
  ["disable", "disable", {}],
  ["remove", "remove", {}],
  ["reset", "reset", {}],
];

it.each(ways.flatMap((one) => ways.map((other) => [one[0], other[0], one, other] as const)))(
  "one would %s, the other %s",
  async (_one, _other, first, second) => {
    for (let round = 0; round < 3; round++) {
      const server = await testServer();
      const [one, two] = [await signedIn(server, "admin", "one"), await signedIn(server, "admin", "two")];
      const [ofOne, ofTwo] = [await idOf(server, "one"), await idOf(server, "two")];
      const seen = await Promise.all([
        one.send(`/admin/users/${ofTwo}/${first[1]}`, first[2]),
        two.send(`/admin/users/${ofOne}/${second[1]}`, second[2]),
      ]);
      for (const { status } of seen) expect(status).toBeLessThan(500);
      expect((await adminsOf(server)).length).toBeGreaterThan(0);
      // Who was first has ended the other's session, and goes on.
      const left = [await one.get("/admin"), await two.get("/admin")].filter(({ status }) => status === 200);
      expect(left).toHaveLength(1);
    }
  },
);
