// Two users swap names again and again while machines that know them by either ask and report: each code is granted once.

import { expect, it } from "vitest";
import { renameUser } from "../../server/users/rename.ts";
import { theUser } from "../../server/users/users.ts";
import { hotpAt, testServer, totpAt } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";

it("a code is granted once, under whichever name, while names are swapped", async () => {
  const server = await testServer();
  const { store, vault, clock } = server;
  await server.policy("lockout.failures=0", "online.factors=totp/hotp", "offline.factors=totp/hotp");
  const secrets = { alice: await server.userWithTotp("alice"), bob: await server.userWithTotp("bob") };
  const codes = await server.addHotp("alice");
  const [laptop, desk, hall] = [await server.machine(), await server.machine(), await server.machine()];
  for (const machine of [laptop, desk, hall]) {
    for (const name of ["alice", "bob"] as const)
      await machine.enrolledVerify(name, [totpAt(secrets[name], clock.nowMs)]);
    clock.pass(60_000);
  }
  const rename = (from: string, to: string) =>
    store.write(async (tx) => renameUser(tx, vault, await theUser(tx, from), to, clock.nowMs));
  const swap = async () => {
    await rename("alice", "between");
    await rename("bob", "alice");
    await rename("between", "bob");
  };
  /** Where names go on changing under it, a request may be given up: that grants nothing. */
  const isGranted = async (machine: TestMachine, name: string, code: string) => {
    const sent = await machine.send("verify", machine.verifyRequest(name, [code]));
    expect([200, 503]).toContain(sent.status);
    return Buffer.from(sent.body).toString("utf8").includes('"verdict":"granted"');
  };
  for (let counter = 1; counter <= 12; counter++) {
    const code = hotpAt(codes, counter);
    const [atDesk, inHall] = await Promise.all([
      isGranted(desk, "alice", code),
      isGranted(hall, "bob", code),
      laptop.send("sync", laptop.syncRequest()),
      swap(),
    ]);
    const owner = counter % 2 === 1 ? "bob" : "alice";
    const later = await isGranted(desk, owner, code);
    expect([atDesk, inHall, later].filter(Boolean)).toHaveLength(1);
  }
});
