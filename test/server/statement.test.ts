// Statements that are compiled once, on the database of the tier.

import { expect, it } from "vitest";
import { statement } from "../../server/store/statement.ts";
import { startMs, testServer } from "./fixture.ts";

const insert = statement((db, content: string, name: string) =>
  db.insertInto("settings").values({ name, content, updatedAtMs: startMs }),
);
const between = statement((db, from: string, to: string) =>
  db
    .selectFrom("settings")
    .select(["name", "content", "updatedAtMs"])
    .where("name", ">=", from)
    .where("name", "<=", to)
    .where("name", "<>", from)
    .orderBy("name")
    .limit(2),
);

it("put each value where it belongs, as often as it stands there, beside those of their own", async () => {
  const { store } = await testServer();
  await store.write(async (tx) => {
    for (const name of ["a", "b", "c", "d", "e"]) await insert.send(tx, `content of ${name}`, name);
  });
  const row = (name: string) => ({ name, content: `content of ${name}`, updatedAtMs: startMs });
  expect(await between.rows(store.db, "a", "e")).toEqual([row("b"), row("c")]);
  expect(await between.rows(store.db, "c", "e")).toEqual([row("d"), row("e")]);
  expect(await between.first(store.db, "d", "e")).toEqual(row("e"));
  expect(await between.first(store.db, "e", "e")).toBeUndefined();
});

it("are each with their own values when many run at once", async () => {
  const { store } = await testServer();
  const names = Array.from({ length: 50 }, (_, at) => `n${String(at).padStart(2, "0")}`);
  await Promise.all(
    names.map((name) => store.exchange({ machine: name, users: [] }, (tx) => insert.send(tx, name, name))),
  );
  const one = statement((db, name: string) =>
    db.selectFrom("settings").select("content").where("name", "=", name),
  );
  expect(await Promise.all(names.map((name) => one.first(store.db, name)))).toEqual(
    names.map((content) => ({ content })),
  );
});

it("take nothing for a value, and no values at all", async () => {
  const lock = statement((db, lockedUntilMs: number | null) =>
    db.updateTable("users").set({ lockedUntilMs }),
  );
  const locked = statement((db) => db.selectFrom("users").select("lockedUntilMs").orderBy("id"));
  const server = await testServer();
  await server.userWithTotp("alice");
  await server.store.write(async (tx) => lock.send(tx, startMs));
  expect(await locked.rows(server.store.db)).toEqual([{ lockedUntilMs: startMs }]);
  await server.store.write(async (tx) => lock.send(tx, null));
  expect(await locked.rows(server.store.db)).toEqual([{ lockedUntilMs: null }]);
});

it("throw when they are built to reckon with a value, to make a text of it, or to leave it out", async () => {
  const { store } = await testServer();
  const users = (db: typeof store.db) => db.selectFrom("users").select("id");
  const reckons = statement((db, ms: number) => users(db).where("createdAtMs", "<", ms - 1));
  const writes = statement((db, name: string) => users(db).where("name", "like", `${name}%`));
  const leaves = statement((db, name: string, _ms: number) => users(db).where("name", "=", name));
  await expect(reckons.rows(store.db, 1)).rejects.toThrow("Symbol");
  await expect(writes.rows(store.db, "a")).rejects.toThrow("Symbol");
  await expect(leaves.rows(store.db, "a", 1)).rejects.toThrow("no place for its value 1");
});
