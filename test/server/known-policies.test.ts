// What is kept of the policies is what they are: whoever changes them, in whichever instance.

import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { makeApp } from "../../server/api/app.ts";
import { changePolicies } from "../../server/policies/changes.ts";
import { policiesOn } from "../../server/policies/applicable.ts";
import { KnownPolicies } from "../../server/policies/known.ts";
import { withoutBundle } from "../../server/policies/without-bundle.ts";
import type { Tx } from "../../server/store/store.ts";
import { disableUser, removeUser } from "../../server/users/leave.ts";
import { addUser, enableUser, joinGroup, leaveGroup, theUser } from "../../server/users/users.ts";
import { random, startMs, type TestServer, testServer, totpAt } from "./fixture.ts";
import { TestMachine } from "./machine.ts";
import { anotherInstance } from "./mail/instance.ts";

let server: TestServer;
let laptop: TestMachine;
let known: KnownPolicies;

beforeEach(async () => {
  server = await testServer();
  known = new KnownPolicies(server);
  await server.groupPolicy("guests", 1, "mfa=exempt");
  await server.userWithTotp("alice", ["guests"]);
  await server.userWithTotp("bob", ["staff"]);
  laptop = await server.machine();
});

const kept = () =>
  server.store.exchange({ machine: laptop.id, users: [] }, async (tx) =>
    (await known.on(tx, laptop.id)).withoutBundle(),
  );
const fresh = async () => {
  const { db } = server.store;
  return withoutBundle(db, await policiesOn(db, laptop.id));
};

type Work = (tx: Tx) => Promise<unknown>;
const set =
  (some: object): Work =>
  (tx) =>
    changePolicies(
      tx,
      { do: "set", name: "default", settings: (present) => ({ ...present, ...some }) },
      startMs,
    );
const remove: Work = (tx) => changePolicies(tx, { do: "remove", name: "guests" }, startMs);
const join: Work = async (tx) => joinGroup(tx, await theUser(tx, "bob"), "guests", startMs);
const leave: Work = async (tx) => leaveGroup(tx, await theUser(tx, "alice"), "guests", startMs);
const signingKey = () => server.identity.signing.privateKey;
const disable: Work = async (tx) => disableUser(tx, signingKey(), await theUser(tx, "alice"), startMs);
const drop: Work = async (tx) => removeUser(tx, signingKey(), await theUser(tx, "alice"), startMs);
const add: Work = (tx) =>
  addUser(tx, { name: "carol", displayName: "", groups: ["guests"] }, random, startMs);

describe("what machines hear of users without a bundle", () => {
  it.each([
    ["a policy is set", set({ mfa: "exempt" })],
    ["a policy is removed", remove],
    ["a user comes into a group", join],
    ["a user leaves it", leave],
    ["a user is disabled", disable],
    ["a user is removed", drop],
    ["a user is new", add],
  ] as const)("is read anew after %s", async (_, change) => {
    const before = await kept();
    expect(before.says).toEqual(await fresh());
    await server.store.write(change);
    const after = await kept();
    expect(after.says).toEqual(await fresh());
    expect(after.says).not.toEqual(before.says);
    expect(after.digest).not.toBe(before.digest);
  });

  it("is read anew after a user is enabled again", async () => {
    const { store } = server;
    await store.write(disable);
    expect((await kept()).says).toEqual(await fresh());
    await store.write(async (tx) => enableUser(tx, await theUser(tx, "alice"), startMs));
    expect((await kept()).says).toEqual(await fresh());
  });

  it("is not read again for sign-ins, good ones and bad ones", async () => {
    const secret = await server.addTotp("bob");
    const before = await kept();
    await laptop.verify("bob", ["000000"]);
    await laptop.enrolledVerify("bob", [totpAt(secret, startMs)]);
    await laptop.sync();
    expect((await kept()).says).toBe(before.says);
  });

  it("is not what somebody has taken back", async () => {
    const before = await kept();
    const undone = server.store.write(async (tx) => {
      await set({ mfa: "exempt" })(tx);
      await (await known.on(tx, laptop.id)).withoutBundle();
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect((await kept()).says).toEqual(before.says);
    await server.store.write(remove);
    expect((await kept()).says).toEqual(await fresh());
  });

  it("is not another machine's, whose tags fit other policies", async () => {
    await server.namedPolicy("kiosks", { groups: ["staff"], tags: ["kiosk"] }, "mfa=required", "scope=logon");
    const kiosk = await server.machine("kiosk", ["kiosk"]);
    const { says } = await server.store.exchange({ machine: kiosk.id, users: [] }, async (tx) => {
      await (await known.on(tx, laptop.id)).withoutBundle();
      return (await known.on(tx, kiosk.id)).withoutBundle();
    });
    expect(says).toEqual(await withoutBundle(server.store.db, await policiesOn(server.store.db, kiosk.id)));
    expect(says).not.toEqual((await kept()).says);
  });
});

describe("two instances", () => {
  it("hear of each other's changes with the next request", async () => {
    const other = await anotherInstance(server);
    const log = pino({ level: "silent" });
    const app = makeApp({ ...other, clock: server.clock, random, log, syncMinutes: 60 });
    const via = { here: server.fetch, there: (request: Request) => app.fetch(request) };
    let asked: keyof typeof via = "here";
    const machine = new TestMachine((request) => via[asked](request), server.clock, "roaming");
    await machine.join(await server.token());
    for (const [at, [changing, next]] of (
      [
        ["there", "here"],
        ["here", "there"],
        ["there", "here"],
      ] as const
    ).entries()) {
      const { store } = changing === "there" ? other : server;
      await store.write(set({ guessLimit: 10 + at }));
      asked = next;
      expect((await machine.sync()).machinePolicy).not.toBeNull();
      expect((await machine.sync()).machinePolicy).toBeNull();
    }
  });
});
