// A server with a fleet behind it: so many users and machines that do nothing, and a few that will be busy.

import { pino } from "pino";
import { systemClock as clock } from "../../platform/clock.ts";
import { systemRandom as random } from "../../platform/random.ts";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { makeApp } from "../../server/api/app.ts";
import { addOtp } from "../../server/authenticators/manage.ts";
import { initServer, type OpenServer } from "../../server/identity/open-server.ts";
import { createJoinToken } from "../../server/machines/join-tokens.ts";
import type { Tx } from "../../server/store/store.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { dayMs } from "../../words/clock.ts";
import { TestMachine } from "../../test/server/machine.ts";

export interface Busy {
  readonly machine: TestMachine;
  readonly user: string;
  readonly secret: Uint8Array;
}

const together = 500;

/** `busy` users on a machine each, enrolled there, beside `fleet` users who are enrolled on a machine each and stay away. */
export async function makeFleet(
  data: string,
  url: string | undefined,
  busy: number,
  fleet: number,
): Promise<Busy[]> {
  const server = await initServer(data, clock, random, url);
  const app = makeApp({ ...server, clock, random, log: pino({ level: "silent" }), syncMinutes: 60 });
  const wish = {
    serverFingerprint: serverFingerprint(publicIdentity(server.identity)),
    uses: busy,
    expiresAtMs: clock.wallMs() + dayMs,
  };
  const { store, vault } = server;
  const token = await store.write((tx) => createJoinToken(tx, vault, wish, random, clock.wallMs()));
  const made: Busy[] = [];
  for (let at = 0; at < busy; at++) {
    const user = `busy-${at}`;
    const secret = random.bytes(20);
    await store.write(async (tx) => {
      await addUser(tx, { name: user, displayName: "", groups: [] }, random, clock.wallMs());
      const otp = { type: "hotp", algorithm: "sha1", digits: 6, periodSeconds: 30, counter: 0 } as const;
      await addOtp(tx, vault, await theUser(tx, user), { ...otp, secret }, random, clock.wallMs());
    });
    const machine = new TestMachine((request) => app.fetch(request), clock, `busy-${at}.example`);
    await machine.join(token);
    made.push({ machine, user, secret });
  }
  for (let at = 0; at < fleet; at += together)
    await store.write((tx) => addIdle(tx, server, at, Math.min(together, fleet - at)));
  await store.close();
  return made;
}

/** Rows as joining and enrolling leave them; the keys of these machines are nobody's. */
async function addIdle(tx: Tx, server: OpenServer, from: number, count: number): Promise<void> {
  const nowMs = clock.wallMs();
  const template = await tx.selectFrom("machines").selectAll().limit(1).executeTakeFirstOrThrow();
  const numbers = Array.from({ length: count }, (_, at) => from + at);
  const users = numbers.map((at) => ({
    id: `idle-${at}`,
    name: `user-${at}`,
    lookAlike: `user-${at}`,
    displayName: `User ${at}`,
    createdAtMs: nowMs,
    failures: 0,
    selfFailures: 0,
  }));
  await tx.insertInto("users").values(users).execute();
  const machines = numbers.map((at) => ({
    ...template,
    id: `IDLE${String(at).padStart(22, "A")}`,
    hostname: `host-${at}.example`,
  }));
  await tx.insertInto("machines").values(machines).execute();
  const enrolments = numbers.map((at) => ({
    machineId: machines[at - from]?.id ?? "",
    userId: users[at - from]?.id ?? "",
    enrolledAtMs: nowMs - at * 1_000,
    lastSyncedAtMs: nowMs,
    endedAtMs: null,
    leaseId: `lease-${at}`,
    leaseStartedAtMs: nowMs,
    leaseExpiresAtMs: nowMs + (at % 14) * dayMs,
    leaseSignIns: 50,
    signInsUsed: at % 50,
    bundleSerial: 1,
    bundleDigest: "",
    bundleSpent: "[]",
    sealedUnlockKey: server.vault.seal({ table: "enrolments", id: `idle-${at}` }, random.bytes(32)),
  }));
  await tx.insertInto("enrolments").values(enrolments).execute();
}
