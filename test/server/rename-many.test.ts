// Names that go from one user to the next on one machine: what it is told is told once, nobody waits for a whole row of users, and
// nothing is kept of who has gone.

import { expect, it } from "vitest";
import { theMachine } from "../../server/machines/machines.ts";
import { removeUser } from "../../server/users/leave.ts";
import { renameUser } from "../../server/users/rename.ts";
import { theUser } from "../../server/users/users.ts";
import { testServer, totpAt } from "./fixture.ts";

/** A laptop that holds an enrolment of each. */
async function site(...names: readonly string[]) {
  const server = await testServer();
  const { store, vault, clock, identity } = server;
  const laptop = await server.machine();
  for (const name of names) {
    const secret = await server.userWithTotp(name);
    await laptop.enrolledVerify(name, [totpAt(secret, clock.nowMs)]);
  }
  const rename = (from: string, to: string) =>
    store.write(async (tx) => renameUser(tx, vault, await theUser(tx, from), to, clock.nowMs));
  const remove = (name: string) =>
    store.write(async (tx) =>
      removeUser(tx, identity.signing.privateKey, await theUser(tx, name), clock.nowMs),
    );
  return { server, laptop, rename, remove };
}

it("whoever is new signs in where a whole row of users has moved up by one name", async () => {
  const names = ["a", "b", "c", "d", "e", "f"] as const;
  const { server, laptop, rename } = await site(...names);
  let free = "g";
  for (const name of names.toReversed()) {
    await rename(name, free);
    free = name;
  }
  const secret = await server.userWithTotp("a");
  expect((await laptop.verify("a", [totpAt(secret, server.clock.nowMs)])).verdict).toBe("granted");
});

it("a machine that reports on two who have swapped names is told once to drop each", async () => {
  const { laptop, rename } = await site("a", "b");
  await rename("a", "between");
  await rename("b", "a");
  await rename("between", "b");
  const told = (await laptop.sync()).revocations.map((one) => laptop.openRevocation(one).target);
  expect(told.map((target) => (target.scope === "user" ? target.user : "")).toSorted()).toEqual(["a", "b"]);
  expect((await laptop.sync()).revocations).toHaveLength(2);
});

it("a machine is not asked for the names of removed users any more once it has synced", async () => {
  const { server, laptop, rename, remove } = await site("a");
  await rename("a", "b");
  const holds = async () => (await theMachine(server.store.db, laptop.id)).holdsFormerNames;
  expect(await holds()).toBe(1);
  await remove("b");
  laptop.enrolments = [];
  await laptop.sync();
  expect(await holds()).toBe(0);
});
