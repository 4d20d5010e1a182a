// The code that hands a sign-in over to a phone, as the store keeps it. The whole way is in test/sync/first-elsewhere.test.ts.

import { beforeEach, describe, expect, it } from "vitest";
import {
  createHandOver,
  isHandingOver,
  judgeHandOver,
  type SignInPlace,
  spendHandOver,
} from "../../server/provisioning/hand-over.ts";
import { createInvitation, finishInSignIn, isInvitedTo } from "../../server/provisioning/invitations.ts";
import { theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { random, type TestServer, testServer, totpAt } from "./fixture.ts";
import { allow, plainUser } from "./portal-fixture.ts";
import { everyByte } from "./postgres/databases.ts";
import { begin } from "./provisioning-fixture.ts";

let server: TestServer;
let place: SignInPlace;

beforeEach(async () => {
  server = await testServer();
  await allow(server, { who: "everybody", mailCode: false });
  await plainUser(server, "alice");
  place = { machineId: (await server.machine()).id, dialogue: "A".repeat(22) };
});

const now = () => server.clock.nowMs;
const alice = () => theUser(server.store.db, "alice");
const show = (where = place) =>
  server.store.write(async (tx) =>
    createHandOver(tx, server.vault, await theUser(tx, "alice"), where, random, now()),
  );
const judge = async (code: string) => {
  const { id } = await alice();
  return server.store.write((tx) => judgeHandOver(tx, server.vault, id, code, now()));
};

describe("a code on the screen of a sign-in", () => {
  it("leads to that sign-in until it is spent, however it is typed, and is not in the database", async () => {
    const code = await show();
    expect(await judge(`${code.slice(0, 4)} ${code.slice(4)}`)).toEqual(place);
    expect(await judge(code)).toEqual(place);
    expect((await everyByte(server.data)).indexOf(code)).toBe(-1);
    const { id } = await alice();
    expect(await isHandingOver(server.store.db, id, place, now())).toBe(true);
    await server.store.write((tx) => spendHandOver(tx, id));
    expect(await judge(code)).toBeUndefined();
    expect(await isHandingOver(server.store.db, id, place, now())).toBe(false);
  });

  it("ends with the fifth wrong one, with time, and with a newer one", async () => {
    const wrong = (code: string) => code.replace(/.$/, (last) => String((Number(last) + 1) % 10));
    const first = await show();
    for (let tries = 0; tries < 5; tries++) expect(await judge(wrong(first))).toBeUndefined();
    expect(await judge(first)).toBeUndefined();
    const second = await show();
    server.clock.pass(5 * minuteMs);
    expect(await judge(second)).toBeUndefined();
    const third = await show();
    const fourth = await show({ ...place, dialogue: "B".repeat(22) });
    expect([await judge(third), await judge(fourth)]).toEqual([
      undefined,
      { ...place, dialogue: "B".repeat(22) },
    ]);
  });
});

describe("what it leads to", () => {
  it("is finished in its own sign-in, once, and in no other", async () => {
    const user = await alice();
    await server.store.write((tx) =>
      createInvitation(tx, { user, origin: "sign-in", place, forMs: 30 * minuteMs }, random, now()),
    );
    const { secret } = await begin(server, "alice", { origin: "invitation" });
    const finish = (where: SignInPlace) =>
      server.store.write((tx) =>
        finishInSignIn(tx, server.vault, user, where, totpAt(secret, now()), random, now()),
      );
    expect((await finish({ ...place, dialogue: "B".repeat(22) })).kind).toBe("none");
    expect((await finish({ ...place, machineId: (await server.machine("other")).id })).kind).toBe("none");
    expect((await finish(place)).kind).toBe("added");
    expect((await finish(place)).kind).toBe("none");
    expect(await isInvitedTo(server.store.db, user, place, now())).toBe(false);
  });
});
