// What a policy makes of an online sign-in: a bundle, a question to the user, or nothing.

import { describe, expect, it } from "vitest";
import { Failure } from "../../server/failure.ts";
import { dayMs, minuteMs, secondMs } from "../../words/clock.ts";
import { startMs, testServer, totpAt } from "./fixture.ts";

const stepMs = 30 * secondMs;

describe("a policy", () => {
  it.each(["abc", "367", "-1", "1.5", ""])("says what a number of days can be, not %j", async (days) => {
    const server = await testServer();
    await expect(server.policy(`offline.days=${days}`)).rejects.toThrow(
      new Failure("invalid", "offline.days: give a whole number from 0 to 366"),
    );
  });

  it.each([
    ["mfa=off", 'mfa: give "required" or "exempt", not "off"'],
    ["scope=logon,login", 'scope.1: give "logon" or "unlock" or "elevate" or "remote", not "login"'],
    [
      "offline.factors=email",
      "offline.factors.0.0: email can't be asked offline: only the server can send a code",
    ],
  ])("says what a word can be: %s", async (assignment, said) => {
    const server = await testServer();
    await expect(server.policy(assignment)).rejects.toThrow(new Failure("invalid", said));
  });

  it("that stands first among those that fit holds", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice", ["staff", "travellers"]);
    await server.groupPolicy("staff", 1, "offline.days=1");
    await server.groupPolicy("travellers", 1, "offline.days=30");
    const laptop = await server.machine();
    const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    expect(bundle).toMatchObject({ policyName: "travellers", policy: { offline: { days: 30 } } });
    expect(bundle.lease.expiresAtMs).toBe(startMs + 30 * dayMs);
  });

  it("that exempts grants without a code, and machines are told", async () => {
    const server = await testServer();
    await server.userWithTotp("robot", ["kiosk"]);
    await server.groupPolicy("kiosk", 1, "mfa=exempt");
    const laptop = await server.machine();
    const granted = { verdict: "granted", method: "exempt", bundle: null, mayEnrol: false, maySeed: false };
    expect(await laptop.verify("robot", ["x"])).toEqual(granted);
    const { machinePolicy } = await laptop.sync({ machinePolicySerial: 0 });
    if (machinePolicy === null) throw new Error("no machine policy");
    expect(laptop.openMachinePolicy(machinePolicy).ofUsers).toMatchObject([
      { policyName: "kiosk", policy: { mfa: "exempt" }, users: ["robot"] },
    ]);
  });

  it.each([
    ["allows no offline days", ["offline.days=0"]],
    ["asks offline for what the user does not have", ["offline.factors=hotp"]],
    ["asks offline twice for what the user has once", ["offline.factors=totp,totp"]],
    ["switches enrolment off", ["enrol=off"]],
  ])("that %s brings no bundle", async (_, assignments) => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.policy(...assignments);
    const laptop = await server.machine();
    const result = await laptop.verify("alice", [totpAt(secret, startMs)]);
    expect(result).toMatchObject({ verdict: "granted", bundle: null, mayEnrol: false });
  });

  it("seals only the authenticators that offline questions take", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.addHotp("alice");
    await server.addBackupCodes("alice");
    await server.policy("offline.factors=totp/backup-codes");
    const laptop = await server.machine();
    const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    const types = laptop.authenticators(bundle).map((authenticator) => authenticator.type);
    expect(types.toSorted()).toEqual(["backup-codes", "totp"]);
  });
});

describe("a policy that asks before it enrols", () => {
  it("brings the bundle once the user says yes, with the lease of the sign-in", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.policy("enrol=ask");
    const laptop = await server.machine();
    const request = laptop.verifyRequest("alice", [totpAt(secret, startMs)]);
    const { result } = await laptop.ask("verify", request);
    expect(result).toMatchObject({ verdict: "granted", bundle: null, mayEnrol: true });
    server.clock.pass(5 * minuteMs - 1);
    const { dialogue } = request;
    const { bundle } = await laptop.ask("enrol", { ...laptop.asking(), dialogue });
    if (bundle === null) throw new Error("no bundle");
    expect(laptop.openBundle(bundle).lease.expiresAtMs).toBe(startMs + 7 * dayMs);
    const again = await laptop.ask("enrol", { ...laptop.asking(), dialogue });
    expect(again.bundle).toBeNull();
    server.clock.pass(stepMs);
    const next = await laptop.verify("alice", [totpAt(secret, server.clock.nowMs)]);
    expect(next).toMatchObject({ verdict: "granted", mayEnrol: false });
    expect(next).not.toMatchObject({ bundle: null });
  });

  it("brings nothing after five minutes, for another machine's dialogue, or for one nobody knows", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.policy("enrol=ask");
    const [laptop, other] = [await server.machine(), await server.machine("other")];
    const request = laptop.verifyRequest("alice", [totpAt(secret, startMs)]);
    await laptop.ask("verify", request);
    const { dialogue } = request;
    expect((await other.ask("enrol", { ...other.asking(), dialogue })).bundle).toBeNull();
    const unknown = Buffer.alloc(16).toString("base64");
    expect((await laptop.ask("enrol", { ...laptop.asking(), dialogue: unknown })).bundle).toBeNull();
    server.clock.pass(5 * minuteMs);
    expect((await laptop.ask("enrol", { ...laptop.asking(), dialogue })).bundle).toBeNull();
  });
});
