// Lines of a directory about users who are called something else here, on every database.

import { expect, it } from "vitest";
import { followNames, namesToFollow } from "../../../server/directory/follow-names.ts";
import { markConflicts } from "../../../server/import/conflicts.ts";
import { beginImport, stage } from "../../../server/import/staging.ts";
import { renameUser } from "../../../server/users/rename.ts";
import { disableUser, removeUser } from "../../../server/users/leave.ts";
import { theUser } from "../../../server/users/users.ts";
import { random, testServer } from "../fixture.ts";

/** Users of a directory, each by an entry that is called as here in lower case. */
async function site(...names: readonly string[]) {
  const server = await testServer();
  const { store, vault, clock, identity } = server;
  for (const name of names) {
    await server.userWithTotp(name);
    await store.write(async (tx) => {
      const { id: userId } = await theUser(tx, name);
      await tx
        .insertInto("directoryUsers")
        .values({ userId, externalId: `id of ${name}` })
        .execute();
    });
  }
  /** A read of the directory: the id of each entry, and its name. */
  const read = async (entries: Readonly<Record<string, string>>) => {
    const importId = await beginImport({ ...server, random }, clock.nowMs);
    const records = async function* () {
      let line = 0;
      for (const [externalId, name] of Object.entries(entries))
        yield { line: ++line, cells: { name }, externalId };
    };
    await stage({ ...server, random }, importId, records(), "base32", () => undefined);
    const mark = () => store.write((tx) => markConflicts(tx, importId, "refuse"));
    const rows = async () =>
      (
        await store.db
          .selectFrom("importUsers")
          .where("importId", "=", importId)
          .orderBy("line")
          .selectAll()
          .execute()
      ).map(({ name, renamedFrom, present, bad }) => ({ name, renamedFrom, present, bad }));
    return { importId, mark, rows };
  };
  const rename = (from: string, to: string) =>
    store.write(async (tx) => renameUser(tx, vault, await theUser(tx, from), to, clock.nowMs));
  const remove = (name: string) =>
    store.write(async (tx) =>
      removeUser(tx, identity.signing.privateKey, await theUser(tx, name), clock.nowMs),
    );
  return { server, read, rename, remove };
}

it("are about the user whose entry it is, and give the name once", async () => {
  const { server, read } = await site("alice", "Bob");
  const { importId, mark, rows } = await read({ "id of alice": "alicia", "id of Bob": "bob", other: "carl" });
  expect([await mark(), await mark()]).toEqual([0, 0]);
  expect(await rows()).toEqual([
    { name: "alicia", renamedFrom: "alice", present: 1, bad: 0 },
    { name: "Bob", renamedFrom: null, present: 1, bad: 0 },
    { name: "carl", renamedFrom: null, present: 0, bad: 0 },
  ]);
  const { store, vault, clock } = server;
  const followed = await store.write((tx) => followNames(tx, vault, importId, clock.nowMs));
  expect(followed).toEqual({ all: 1, enabled: 1 });
  expect((await theUser(store.db, "alicia")).name).toBe("alicia");
});

it("are refused where the name is another's, by look, by a swap, or by a user who is to leave it", async () => {
  const { read } = await site("alice", "bob", "dora");
  const { mark, rows } = await read({
    "id of alice": "BOB",
    "id of bob": "alice",
    "id of dora": "dolores",
    somebody: "dora",
  });
  expect(await mark()).toBe(3);
  expect((await rows()).map(({ bad }) => bad)).toEqual([1, 1, 0, 1]);
});

it.each([
  ["renamed here", (at: Awaited<ReturnType<typeof site>>) => at.rename("alice", "elsewhere")],
  ["removed", (at: Awaited<ReturnType<typeof site>>) => at.remove("alice")],
] as const)("are read again where the user is %s before it is written", async (_, meanwhile) => {
  const at = await site("alice");
  const { mark } = await at.read({ "id of alice": "alicia" });
  expect(await mark()).toBe(0);
  await meanwhile(at);
  expect(await mark()).toBe(1);
});

it("are counted before anybody is renamed, but for those who are disabled anyway", async () => {
  const { server, read } = await site("alice", "bob", "carl", "dora");
  const { store, clock, identity } = server;
  const off = await theUser(store.db, "bob");
  await store.write((tx) => disableUser(tx, identity.signing.privateKey, off, clock.nowMs));
  const { importId, mark } = await read({
    "id of alice": "alicia",
    "id of bob": "bert",
    "id of carl": "dora",
    new: "eve",
  });
  expect(await mark()).toBe(1);
  expect(await store.write((tx) => namesToFollow(tx, importId))).toEqual({ enabled: 1, ofAtMost: 5 });
  expect((await theUser(store.db, "alice")).name).toBe("alice");
});
