// The help desk's side of an unlock: who gets an answer, how many, and what is kept of it.

import { beforeEach, describe, expect, it } from "vitest";
import { unlockAnswer } from "../../otp/help-desk.ts";
import { endEnrolment } from "../../server/enrolments/enrolments.ts";
import { answerChallenge } from "../../server/help-desk/answer.ts";
import { theMachine } from "../../server/machines/machines.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { disableUser } from "../../server/users/leave.ts";
import { theUser } from "../../server/users/users.ts";
import { hourMs } from "../../words/clock.ts";
import { startMs, type TestServer, testServer, totpAt } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";

let server: TestServer;
let laptop: TestMachine;
let key: Uint8Array;
let secret: Uint8Array;

beforeEach(async () => {
  server = await testServer();
  secret = await server.userWithTotp("alice");
  await server.userWithTotp("bob");
  laptop = await server.machine("laptop");
  key = unlockKey(await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]));
});

function unlockKey(bundle: Parameters<TestMachine["sealedContent"]>[0]): Uint8Array {
  return Buffer.from(laptop.sealedContent(bundle).unlockKey ?? "", "base64");
}

function ask(challenge = "12345678", user = "alice") {
  return server.store.write(async (tx) =>
    answerChallenge(
      tx,
      server.vault,
      {
        user: await theUser(tx, user),
        machine: await theMachine(tx, laptop.id),
        challenge,
        operator: "carol",
      },
      server.clock.nowMs,
    ),
  );
}

async function audited() {
  const entries = await server.audit();
  return entries
    .filter((entry) => entry.kind.startsWith("help-desk"))
    .map(({ kind, user, machine, detail }) => ({ kind, user, machine, ...detail }));
}

describe("an answer", () => {
  it("is what the machine computes for this hour, and the audit names who asked, but no digits", async () => {
    const answered = await ask();
    expect(answered).toEqual({ kind: "answered", answer: unlockAnswer(key, "12345678", startMs) });
    server.clock.pass(hourMs);
    expect(await ask()).not.toEqual(answered);
    const entry = { kind: "help-desk-answered", user: "alice", machine: laptop.id, operator: "carol" };
    const kept = await audited();
    expect(kept).toEqual([entry, entry].map((one) => ({ ...one, clockKnown: true })));
    expect(JSON.stringify(kept)).not.toContain("12345678");
  });

  it("is given ten times an hour for a user on a machine, and refusals are kept too", async () => {
    for (let i = 0; i < 10; i++) expect((await ask()).kind).toBe("answered");
    expect(await ask()).toMatchObject({ kind: "refused", why: "too-many" });
    server.clock.pass(hourMs - 1);
    expect((await ask()).kind).toBe("refused");
    server.clock.pass(1);
    expect((await ask()).kind).toBe("answered");
    const refused = (await audited()).filter((entry) => entry.kind === "help-desk-refused");
    expect(refused).toMatchObject([{ reason: "too-many" }, { reason: "too-many" }]);
  });
});

describe("nobody gets one", () => {
  const refused = async (why: string, challenge?: string, user?: string) => {
    expect(await ask(challenge, user)).toMatchObject({ kind: "refused", why });
    expect((await audited()).at(-1)).toMatchObject({
      kind: "help-desk-refused",
      reason: why,
      operator: "carol",
    });
  };
  const signingKey = () => server.identity.signing.privateKey;

  it("for a revoked machine", async () => {
    await server.store.write(async (tx) =>
      revokeMachine(tx, signingKey(), await theMachine(tx, laptop.id), startMs),
    );
    await refused("machine-revoked");
  });

  it("for a disabled user", async () => {
    await server.store.write(async (tx) =>
      disableUser(tx, signingKey(), await theUser(tx, "alice"), startMs),
    );
    await refused("user-disabled");
  });

  it("for a user who is not enrolled there, or no longer", async () => {
    await refused("not-enrolled", undefined, "bob");
    await server.store.write(async (tx) =>
      endEnrolment(tx, signingKey(), laptop.id, await theUser(tx, "alice"), "admin", startMs),
    );
    await refused("not-enrolled");
  });

  it("where policy has it switched off, and the machine loses its key", async () => {
    await server.policy("helpDesk=off");
    await refused("policy");
    const [bundle] = (await laptop.sync()).bundles;
    if (bundle === undefined) throw new Error("no bundle");
    expect(laptop.sealedContent(laptop.openBundle(bundle)).unlockKey).toBeNull();
  });

  it("for a machine that doesn't know the time, unless policy says so", async () => {
    await refused("policy-clock", "1234567890");
    await server.policy("helpDesk=on-also-clock");
    expect((await ask("1234567890")).kind).toBe("answered");
    expect((await audited()).at(-1)).toMatchObject({ clockKnown: false });
  });
});

describe("the key", () => {
  const again = async () => {
    server.clock.pass(30_000);
    return unlockKey(await laptop.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]));
  };

  it("stays when the lease is renewed, and is another one when the enrolment begins anew", async () => {
    expect(await again()).toEqual(key);
    await server.store.write(async (tx) =>
      endEnrolment(
        tx,
        server.identity.signing.privateKey,
        laptop.id,
        await theUser(tx, "alice"),
        "admin",
        startMs,
      ),
    );
    expect(await again()).not.toEqual(key);
  });

  it("is another one for each machine", async () => {
    const desk = await server.machine("desk");
    server.clock.pass(30_000);
    const bundle = await desk.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
    expect(desk.sealedContent(bundle).unlockKey).not.toBe(key.toBase64());
  });

  it("is not readable in the database", async () => {
    const row = await server.store.db
      .selectFrom("enrolments")
      .select("sealedUnlockKey")
      .executeTakeFirstOrThrow();
    const bytes = Buffer.from(row.sealedUnlockKey, "base64");
    expect(bytes.indexOf(key)).toBe(-1);
  });
});
