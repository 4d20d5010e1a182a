// Syncs: bundles and revocations down, and no lease any longer than it was.

import { describe, expect, it } from "vitest";
import { timeStep } from "../../otp/totp.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { endAllOfUser } from "../../server/enrolments/enrolments.ts";
import { exemptMachine, theMachine } from "../../server/machines/machines.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { disableUser, removeUser } from "../../server/users/leave.ts";
import { enableUser, theUser } from "../../server/users/users.ts";
import { dayMs, secondMs } from "../../words/clock.ts";
import { flags, machineEvents, startMs, testServer, totpAt } from "./fixture.ts";

const stepMs = 30 * secondMs;

describe("a bundle", () => {
  it("is not sent again while nothing has changed", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    expect(await laptop.sync()).toMatchObject({ bundles: [], machinePolicy: null });
    expect(await laptop.sync()).toMatchObject({ bundles: [], machinePolicy: null });
  });

  it("follows a change of policy, and so does the machine's policy", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const before = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    await server.policy("lockout.failures=2");
    const answer = await laptop.sync();
    const [bundle] = answer.bundles.map((document) => laptop.openBundle(document));
    expect(bundle?.policy.lockout.failures).toBe(2);
    expect(bundle?.lease).toEqual(before.lease);
    expect(bundle?.serial).toBeGreaterThan(before.serial);
    expect(answer.machinePolicy).not.toBeNull();
    expect(await laptop.sync()).toMatchObject({ bundles: [], machinePolicy: null });
  });

  it("follows a new authenticator and one that is gone", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    await server.addHotp("alice");
    const [first] = (await laptop.sync()).bundles.map((document) => laptop.openBundle(document));
    if (first === undefined) throw new Error("no bundle");
    expect(
      laptop
        .authenticators(first)
        .map((one) => one.type)
        .toSorted(),
    ).toEqual(["hotp", "totp"]);
    await server.store.db.deleteFrom("authenticators").where("type", "=", "hotp").execute();
    const [second] = (await laptop.sync()).bundles.map((document) => laptop.openBundle(document));
    if (second === undefined) throw new Error("no bundle");
    expect(laptop.authenticators(second).map((one) => one.type)).toEqual(["totp"]);
  });

  it("carries what was spent elsewhere, but not what the machine told itself", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const [laptop, other] = [await server.machine(), await server.machine("other")];
    const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    const id = laptop.authenticators(bundle)[0]?.id ?? "";
    const spentHere: Spent[] = [{ type: "totp", id, lastStep: timeStep(30, startMs) + 1 }];
    laptop.enrolments = laptop.enrolments.map((enrolment) => ({ ...enrolment, spent: spentHere }));
    expect((await laptop.sync()).bundles).toEqual([]);
    server.clock.pass(2 * stepMs);
    await other.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
    const [document] = (await laptop.sync()).bundles;
    if (document === undefined) throw new Error("no bundle");
    const lastStep = timeStep(30, server.clock.nowMs);
    expect(laptop.authenticators(laptop.openBundle(document))).toMatchObject([{ lastStep }]);
  });

  it("is sent again to a machine that holds an older one than the server thinks", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    laptop.enrolments = laptop.enrolments.map((one) => ({ ...one, bundleSerial: bundle.serial - 1 }));
    expect((await laptop.sync()).bundles).toHaveLength(1);
  });
});

describe("a lease", () => {
  it("is not extended by a sync, whatever the policy turns to", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const before = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    await server.policy("offline.days=30", "offline.signIns=none");
    server.clock.pass(3 * dayMs);
    const [bundle] = (await laptop.sync()).bundles.map((document) => laptop.openBundle(document));
    expect(bundle?.policy.offline).toMatchObject({ days: 30, signIns: null });
    expect(bundle?.lease).toEqual(before.lease);
  });

  it("is shortened when the policy allows less, and stays short when it allows more again", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    const short = { expiresAtMs: startMs + 2 * dayMs, signIns: 5 };
    await server.policy("offline.days=2", "offline.signIns=5");
    const [first] = (await laptop.sync()).bundles.map((document) => laptop.openBundle(document));
    expect(first?.lease).toMatchObject(short);
    await server.policy("offline.days=7", "offline.signIns=50");
    const [second] = (await laptop.sync()).bundles.map((document) => laptop.openBundle(document));
    expect(second?.lease).toMatchObject(short);
  });

  it("is new after the next online MFA", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const before = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    server.clock.pass(dayMs);
    const after = await laptop.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
    expect(after.lease.id).not.toBe(before.lease.id);
    expect(after.lease.expiresAtMs).toBe(before.lease.expiresAtMs + dayMs);
  });
});

describe("a revocation", () => {
  async function enrolled() {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    const signingKey = server.identity.signing.privateKey;
    return { server, secret, laptop, signingKey };
  }

  it("of a disabled user comes with every answer of any sort until it is reported as carried out", async () => {
    const { server, laptop, signingKey } = await enrolled();
    await server.store.write(async (tx) => {
      await disableUser(tx, signingKey, await theUser(tx, "alice"), startMs);
    });
    const probed = await laptop.ask("probe", laptop.asking());
    const [revocation] = probed.revocations.map((document) => laptop.openRevocation(document));
    expect(revocation).toMatchObject({ machine: laptop.id, target: { scope: "user", user: "alice" } });
    const synced = await laptop.sync();
    expect(synced).toMatchObject({ revocations: probed.revocations, bundles: [] });
    const verified = await laptop.ask("verify", laptop.verifyRequest("bob", ["x"]));
    expect(verified.revocations).toEqual(probed.revocations);
    laptop.enrolments = [];
    laptop.revokedThrough = revocation?.serial ?? 0;
    expect((await laptop.sync()).revocations).toEqual([]);
  });

  it("is told again to a machine that was restored from before it, which is flagged", async () => {
    const { server, laptop, signingKey } = await enrolled();
    await server.store.write(async (tx) => {
      await endAllOfUser(tx, signingKey, await theUser(tx, "alice"), "admin", startMs);
    });
    const [document] = (await laptop.sync()).revocations;
    if (document === undefined) throw new Error("no revocation");
    laptop.revokedThrough = laptop.openRevocation(document).serial;
    laptop.enrolments = [];
    await laptop.sync();
    laptop.revokedThrough = 0;
    expect((await laptop.sync()).revocations).toEqual([document]);
    expect(await flags(server, laptop)).toEqual(["state-restored"]);
  });

  it("is older than the bundle of a later online MFA", async () => {
    const { server, secret, laptop, signingKey } = await enrolled();
    await server.store.write(async (tx) => {
      await disableUser(tx, signingKey, await theUser(tx, "alice"), startMs);
      await enableUser(tx, await theUser(tx, "alice"), startMs);
    });
    server.clock.pass(stepMs);
    const request = laptop.verifyRequest("alice", [totpAt(secret, server.clock.nowMs)]);
    const { result, revocations } = await laptop.ask("verify", request);
    if (result.verdict !== "granted" || result.bundle === null) throw new Error("no bundle");
    const [revocation] = revocations.map((document) => laptop.openRevocation(document));
    expect(revocation?.serial).toBeLessThan(laptop.openBundle(result.bundle).serial);
  });

  it("answers an enrolment that the server does not know of, once at a time", async () => {
    const { server, laptop, signingKey } = await enrolled();
    await server.store.write(async (tx) => {
      await removeUser(tx, signingKey, await theUser(tx, "alice"), startMs);
    });
    laptop.enrolments = [...laptop.enrolments, { ...laptop.enrolments[0], user: "ghost" } as never];
    const first = (await laptop.sync()).revocations.map((document) => laptop.openRevocation(document));
    expect(first.map(({ target }) => target)).toEqual([
      { scope: "user", user: "alice" },
      { scope: "user", user: "ghost" },
    ]);
    expect((await laptop.sync()).revocations).toHaveLength(2);
  });

  it("takes offline use away when the policy no longer allows it", async () => {
    const { server, laptop } = await enrolled();
    await server.policy("offline.days=0");
    const { revocations, bundles } = await laptop.sync();
    expect(bundles).toEqual([]);
    expect(revocations).toHaveLength(1);
  });

  it("of the machine is all that it still gets; its events are taken", async () => {
    const { server, secret, laptop, signingKey } = await enrolled();
    await server.store.write(async (tx) => {
      await revokeMachine(tx, signingKey, await theMachine(tx, laptop.id), startMs);
    });
    server.clock.pass(stepMs);
    const code = totpAt(secret, server.clock.nowMs);
    const verified = await laptop.ask("verify", laptop.verifyRequest("alice", [code]));
    expect(verified.result).toEqual({ verdict: "revoked" });
    expect(verified.revocations.map((one) => laptop.openRevocation(one).target)).toEqual([
      { scope: "machine" },
    ]);
    laptop.event("sign-in-granted", { user: "alice", offline: true });
    const synced = await laptop.ask("sync", { ...laptop.syncRequest(), machinePolicySerial: 0 });
    expect(synced).toMatchObject({ bundles: [], machinePolicy: null, eventsThrough: 1 });
    const enrolAnswer = await laptop.ask("enrol", {
      ...laptop.asking(),
      dialogue: Buffer.alloc(16).toString("base64"),
    });
    expect(enrolAnswer.bundle).toBeNull();
    expect(await machineEvents(server)).toHaveLength(1);
    const other = await server.machine("other");
    expect(await other.verify("alice", [code])).toMatchObject({ verdict: "granted" });
  });
});

describe("a machine", () => {
  it("that is exempted learns it at its next sync", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    await server.store.write(async (tx) => {
      await exemptMachine(tx, await theMachine(tx, "laptop"), true, startMs);
    });
    const { machinePolicy } = await laptop.sync();
    if (machinePolicy === null) throw new Error("no machine policy");
    expect(laptop.openMachinePolicy(machinePolicy)).toMatchObject({ exempt: true });
  });

  it("whose user forgot the enrolment is no longer listed with it", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    laptop.enrolments = [];
    laptop.event("disenrolled", { user: "alice" });
    expect(await laptop.sync()).toMatchObject({ revocations: [] });
    expect((await server.audit()).at(-1)).toMatchObject({
      kind: "enrolment-ended",
      detail: { reason: "machine-forgot" },
    });
  });

  it("sees serials rise over bundles, policies and revocations together", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const serials = [laptop.machinePolicySerial];
    serials.push((await laptop.enrolledVerify("alice", [totpAt(secret, startMs)])).serial);
    await server.policy("guessLimit=7");
    const { bundles, machinePolicy } = await laptop.sync();
    for (const bundle of bundles) serials.push(laptop.openBundle(bundle).serial);
    if (machinePolicy !== null) serials.push(laptop.openMachinePolicy(machinePolicy).serial);
    await server.store.write(async (tx) => {
      const user = await theUser(tx, "alice");
      await disableUser(tx, server.identity.signing.privateKey, user, startMs);
    });
    for (const document of (await laptop.sync()).revocations)
      serials.push(laptop.openRevocation(document).serial);
    expect(serials).toEqual([1, 2, 3, 4, 5]);
  });

  it("sees serials go on above its own when the server was restored from a backup", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    laptop.machinePolicySerial = 70;
    laptop.enrolments = laptop.enrolments.map((enrolment) => ({ ...enrolment, bundleSerial: 80 }));
    laptop.revokedThrough = 75;
    const { bundles, machinePolicy } = await laptop.sync();
    const serials = bundles.map((document) => laptop.openBundle(document).serial);
    if (machinePolicy !== null) serials.push(laptop.openMachinePolicy(machinePolicy).serial);
    expect(serials.toSorted((a, b) => a - b)).toEqual([81, 82]);
  });
});
