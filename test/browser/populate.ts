// A server's folder with three weeks behind it: users, machines, sign-ins online and offline, refusals, flags. What has a
// name has, among good ones, names that are attacks.

import { pino } from "pino";
import { hotpCode } from "../../otp/hotp.ts";
import { timeStep } from "../../otp/totp.ts";
import { systemRandom as random } from "../../platform/random.ts";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { makeApp } from "../../server/api/app.ts";
import { addOtp, makeBackupCodes, replaceBackupCodes } from "../../server/authenticators/manage.ts";
import { initServer, type OpenServer } from "../../server/identity/open-server.ts";
import { createJoinToken } from "../../server/machines/join-tokens.ts";
import { claim, settle } from "../../server/mail/claim.ts";
import { writeLetter } from "../../server/mail/letter.ts";
import { enqueue } from "../../server/mail/queue.ts";
import { assign } from "../../server/policies/assignments.ts";
import { changePolicies } from "../../server/policies/changes.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { dayMs, hourMs } from "../../words/clock.ts";
import { FakeClock } from "../server/fixture.ts";
import { TestMachine } from "../server/machine.ts";

const script = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
const people = ["alice", "bob", "carol", "dave", "erin", "frank", `mallory${script}`];
const hosts = ["atlas-01", "atlas-02", "basalt", "cobalt", "delta", `edge${script}`];
const days = 21;

/** Ends at `nowMs`. */
export async function populate(data: string, nowMs: number): Promise<void> {
  const clock = new FakeClock();
  clock.nowMs = Math.floor((nowMs - days * dayMs) / 30_000) * 30_000;
  const server = await initServer(data, clock, random);
  const { store, vault, identity } = server;
  const app = makeApp({ ...server, clock, random, log: pino({ level: "silent" }), syncMinutes: 60 });
  const wish = { type: "totp", algorithm: "sha1", digits: 6, periodSeconds: 30, counter: 0 } as const;
  const secrets = new Map<string, Uint8Array>();
  for (const [at, name] of people.entries()) {
    const secret = random.bytes(20);
    secrets.set(name, secret);
    const made = await makeBackupCodes(random);
    await store.write(async (tx) => {
      const groups = at % 2 === 0 ? ["staff"] : ["staff", "laptops"];
      const displayName = at === 6 ? script : `${name.charAt(0).toUpperCase()}${name.slice(1)} Example`;
      await addUser(tx, { name, displayName, groups }, random, clock.nowMs);
      await addOtp(tx, vault, await theUser(tx, name), { ...wish, secret }, random, clock.nowMs);
      if (at < 3) await replaceBackupCodes(tx, vault, await theUser(tx, name), made, clock.nowMs);
    });
  }
  for (let n = 1; n <= 60; n++)
    await store.write((tx) =>
      addUser(
        tx,
        { name: `user-${String(n).padStart(3, "0")}`, displayName: "", groups: [] },
        random,
        clock.nowMs,
      ),
    );
  await store.write((tx) =>
    changePolicies(
      tx,
      {
        do: "set",
        name: "Travellers",
        groups: ["laptops"],
        settings: (present) => assign(present, ["offline.days=14", "seeds=per-machine"]),
      },
      clock.nowMs,
    ),
  );
  const serverPrint = serverFingerprint(publicIdentity(identity));
  const token = await store.write((tx) =>
    createJoinToken(
      tx,
      vault,
      { serverFingerprint: serverPrint, uses: hosts.length + 4, expiresAtMs: nowMs + 30 * dayMs },
      random,
      clock.nowMs,
    ),
  );
  const machines: TestMachine[] = [];
  for (const host of hosts) {
    const machine = new TestMachine((request) => app.fetch(request), clock, host);
    await machine.join(token);
    machines.push(machine);
  }
  for (let day = 0; day < days; day++) {
    clock.nowMs += dayMs - hourMs;
    for (const [at, name] of people.entries()) {
      const machine = machines[(at + (day % 3)) % machines.length];
      const secret = secrets.get(name);
      if (machine === undefined || secret === undefined || (at + day) % 3 === 0) continue;
      clock.nowMs += 60_000;
      const right = hotpCode({ secret, algorithm: "sha1", digits: 6 }, timeStep(30, clock.nowMs));
      await machine.verify(name, [(at * day) % 7 === 5 ? "x" : right]);
      for (let n = 0; n < (at + day) % 4; n++)
        machine.event("sign-in-granted", { user: name, service: "login", offline: true, method: "totp" });
    }
    for (const [at, machine] of machines.entries()) if (at !== 3 || day < 9) await machine.sync();
  }
  // A clone: one request number twice.
  const clone = machines[1];
  if (clone !== undefined) {
    const request = clone.asking();
    await clone.send("probe", request);
    await clone.send("probe", request);
  }
  await queueMails(server, clock.nowMs);
  await store.close();
}

/** One that was refused for good, one that is tried again, one that has not been tried; mail is off by now. */
async function queueMails({ store, vault }: OpenServer, nowMs: number): Promise<void> {
  const letter = writeLetter("Subject", "en", [{ kind: "paragraph", text: "A text." }]);
  const queue = (recipient: string) =>
    store.write((tx) =>
      enqueue(
        tx,
        vault,
        { channel: "mail", kind: "code", userId: null, recipient, letter, lifeMs: dayMs, urgent: false },
        random,
        nowMs,
      ),
    );
  for (const permanent of [true, false]) {
    await queue(permanent ? `gone${script}@corp.example` : "alice@corp.example");
    for (const message of await claim(store, vault, ["mail"], 1, random, nowMs)) {
      const sending = {
        kind: "failed",
        permanent,
        problem: "the mail server refused the recipient",
      } as const;
      await store.write((tx) => settle(tx, message, sending, random, nowMs));
    }
  }
  await queue("bob@corp.example");
}
