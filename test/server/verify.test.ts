// Online sign-ins: what is granted, what is spent, what is counted.

import { describe, expect, it } from "vitest";
import { timeStep } from "../../otp/totp.ts";
import { disableUser } from "../../server/users/leave.ts";
import { theUser } from "../../server/users/users.ts";
import { dayMs, minuteMs, secondMs } from "../../words/clock.ts";
import { hotpAt, startMs, testServer, totpAt, wrongCode } from "./fixture.ts";

const stepMs = 30 * secondMs;

describe("an online sign-in", () => {
  it("is granted for a right code, with a bundle that opens on this machine only", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const other = await server.machine("other");
    const result = await laptop.verify("alice", [totpAt(secret, startMs)]);
    expect(result).toMatchObject({ verdict: "granted", method: "totp", mayEnrol: false });
    if (result.verdict !== "granted" || result.bundle === null) throw new Error("no bundle");
    const bundle = laptop.openBundle(result.bundle);
    expect(bundle).toMatchObject({ machine: laptop.id, user: "alice", policyName: "default" });
    expect(bundle.lease).toMatchObject({
      startedAtMs: startMs,
      expiresAtMs: startMs + 7 * dayMs,
      signIns: 50,
    });
    expect(laptop.authenticators(bundle)).toMatchObject([
      { type: "totp", secret: secret.toBase64(), lastStep: timeStep(30, startMs) },
    ]);
    expect(() => other.authenticators(bundle)).toThrow("not sealed to this machine");
  });

  it("takes a code with the spaces that apps show", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const code = totpAt(secret, startMs);
    const spaced = ` ${code.slice(0, 3)} ${code.slice(3)} `;
    expect(await laptop.verify("alice", [spaced])).toMatchObject({ verdict: "granted" });
  });

  it("is denied for a wrong code", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const code = wrongCode(totpAt(secret, startMs));
    expect(await laptop.verify("alice", [code])).toEqual({ verdict: "denied" });
  });

  it("is denied for a code that was used, on this machine and on any other", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const [laptop, other] = [await server.machine(), await server.machine("other")];
    const code = totpAt(secret, startMs);
    expect(await laptop.verify("alice", [code])).toMatchObject({ verdict: "granted" });
    expect(await laptop.verify("alice", [code])).toEqual({ verdict: "denied" });
    expect(await other.verify("alice", [code])).toEqual({ verdict: "denied" });
  });

  it("is denied for the code of an earlier step than the last one spent", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    expect(await laptop.verify("alice", [totpAt(secret, startMs + stepMs)])).toMatchObject({
      verdict: "granted",
    });
    expect(await laptop.verify("alice", [totpAt(secret, startMs)])).toEqual({ verdict: "denied" });
  });

  it("is denied for a code the machine says was spent offline", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    const [totp] = laptop.authenticators(bundle);
    if (totp === undefined) throw new Error("no authenticator");
    server.clock.pass(stepMs);
    const spent = [{ type: "totp" as const, id: totp.id, lastStep: timeStep(30, server.clock.nowMs) }];
    const code = totpAt(secret, server.clock.nowMs);
    expect(await laptop.verify("alice", [code], { spent })).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [code])).toEqual({ verdict: "denied" });
    server.clock.pass(stepMs);
    const next = await laptop.verify("alice", [totpAt(secret, server.clock.nowMs)]);
    expect(next).toMatchObject({ verdict: "granted" });
  });

  it("does not believe a machine where the user was never enrolled about what is spent", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const [laptop, stranger] = [await server.machine(), await server.machine("stranger")];
    const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    const id = laptop.authenticators(bundle)[0]?.id ?? "";
    const spent = [{ type: "totp" as const, id, lastStep: 2 ** 50 }];
    await stranger.verify("alice", ["000000"], { spent });
    server.clock.pass(stepMs);
    const code = totpAt(secret, server.clock.nowMs);
    expect(await laptop.verify("alice", [code])).toMatchObject({ verdict: "granted" });
  });

  it("believes an enrolled machine at most a day ahead", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    const id = laptop.authenticators(bundle)[0]?.id ?? "";
    await laptop.verify("alice", ["000000"], { spent: [{ type: "totp", id, lastStep: 2 ** 50 }] });
    server.clock.pass(dayMs - stepMs);
    expect(await laptop.verify("alice", [totpAt(secret, server.clock.nowMs)])).toEqual({ verdict: "denied" });
    server.clock.pass(3 * stepMs);
    const code = totpAt(secret, server.clock.nowMs);
    expect(await laptop.verify("alice", [code])).toMatchObject({ verdict: "granted" });
  });

  it("finds a HOTP code within the look-ahead and spends all before it", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    const hotp = await server.addHotp("alice");
    const laptop = await server.machine();
    expect(await laptop.verify("alice", [hotpAt(hotp, 11)])).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [hotpAt(hotp, 10)])).toMatchObject({
      verdict: "granted",
      method: "hotp",
    });
    expect(await laptop.verify("alice", [hotpAt(hotp, 9)])).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [hotpAt(hotp, 11)])).toMatchObject({ verdict: "granted" });
  });

  it("is granted by another authenticator, though a machine has said that a HOTP counter is at its end", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const hotp = await server.addHotp("alice");
    const laptop = await server.machine();
    const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    const { id = "" } = laptop.authenticators(bundle).find(({ type }) => type === "hotp") ?? {};
    const spent = [{ type: "hotp", id, counter: Number.MAX_SAFE_INTEGER }] as const;
    const asked = laptop.verifyRequest("alice", [hotpAt(hotp, 0)], { spent: [...spent] });
    expect((await laptop.ask("verify", asked)).result).toEqual({ verdict: "denied" });
    server.clock.pass(stepMs);
    const other = await server.machine("other");
    expect(await other.verify("alice", [totpAt(secret, startMs + stepMs)])).toMatchObject({
      verdict: "granted",
    });
  });

  it("takes each backup code once, until a new set takes their place", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    const [first = "", second = ""] = await server.addBackupCodes("alice");
    const laptop = await server.machine();
    const granted = { verdict: "granted", method: "backup-codes" };
    expect(await laptop.verify("alice", [first.toLowerCase()])).toMatchObject(granted);
    expect(await laptop.verify("alice", [first])).toEqual({ verdict: "denied" });
    await server.addBackupCodes("alice");
    expect(await laptop.verify("alice", [second])).toEqual({ verdict: "denied" });
  });

  it("answers a sealed box that is not for this server, or holds no answers, with denied", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const sealedAnswers = Buffer.from("not a sealed box").toString("base64");
    expect(await laptop.verify("alice", [], { sealedAnswers })).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [])).toEqual({ verdict: "denied" });
    const code = totpAt(secret, startMs);
    expect(await laptop.verify("alice", [code, code])).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [code])).toMatchObject({ verdict: "granted" });
  });
});

describe("a policy with two questions", () => {
  const twoQuestions = "online.factors=totp,hotp/backup-codes";

  it("asks for the second before it judges the first, and spends nothing in between", async () => {
    const server = await testServer();
    const totp = await server.userWithTotp("alice");
    const hotp = await server.addHotp("alice");
    await server.policy(twoQuestions);
    const laptop = await server.machine();
    const more = { verdict: "more", question: ["hotp", "backup-codes"] };
    const code = totpAt(totp, startMs);
    expect(await laptop.verify("alice", [wrongCode(code)])).toEqual(more);
    expect(await laptop.verify("alice", [code])).toEqual(more);
    const both = await laptop.verify("alice", [code, hotpAt(hotp, 0)]);
    expect(both).toMatchObject({ verdict: "granted", method: "totp+hotp" });
  });

  it("spends a right code also when the other answer is wrong", async () => {
    const server = await testServer();
    const totp = await server.userWithTotp("alice");
    const hotp = await server.addHotp("alice");
    await server.policy(twoQuestions);
    const laptop = await server.machine();
    const code = totpAt(totp, startMs);
    expect(await laptop.verify("alice", [code, wrongCode(hotpAt(hotp, 0))])).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [code, hotpAt(hotp, 0)])).toEqual({ verdict: "denied" });
  });

  it("wants two authenticators: neither one code nor two codes of one token answer both", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    const hotp = await server.addHotp("alice");
    await server.policy("online.factors=hotp,hotp");
    const laptop = await server.machine();
    expect(await laptop.verify("alice", [hotpAt(hotp, 0), hotpAt(hotp, 0)])).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [hotpAt(hotp, 1), hotpAt(hotp, 2)])).toEqual({ verdict: "denied" });
    const second = await server.addHotp("alice");
    const both = await laptop.verify("alice", [hotpAt(hotp, 2), hotpAt(second, 0)]);
    expect(both).toMatchObject({ verdict: "granted", method: "hotp+hotp" });
  });
});

describe("the lockout", () => {
  it("begins with the last allowed failure and ends at its second, not one earlier", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.policy("lockout.failures=3", "lockout.minutes=10");
    const laptop = await server.machine();
    const wrong = wrongCode(totpAt(secret, startMs));
    for (let failure = 0; failure < 3; failure++)
      expect(await laptop.verify("alice", [wrong])).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [totpAt(secret, startMs)])).toEqual({ verdict: "locked" });
    server.clock.pass(10 * minuteMs - 1);
    const late = totpAt(secret, server.clock.nowMs);
    expect(await laptop.verify("alice", [late])).toEqual({ verdict: "locked" });
    server.clock.pass(1);
    expect(await laptop.verify("alice", [late])).toMatchObject({ verdict: "granted" });
  });

  it("holds on every machine", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.policy("lockout.failures=1");
    const [laptop, other] = [await server.machine(), await server.machine("other")];
    await laptop.verify("alice", ["x"]);
    expect(await other.verify("alice", [totpAt(secret, startMs)])).toEqual({ verdict: "locked" });
  });

  it("counts failures in a row only", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.policy("lockout.failures=2");
    const laptop = await server.machine();
    for (let round = 0; round < 3; round++) {
      const code = totpAt(secret, server.clock.nowMs);
      expect(await laptop.verify("alice", [wrongCode(code)])).toEqual({ verdict: "denied" });
      expect(await laptop.verify("alice", [code])).toMatchObject({ verdict: "granted" });
      server.clock.pass(stepMs);
    }
  });

  it("is off at 0 failures", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.policy("lockout.failures=0");
    const laptop = await server.machine();
    for (let failure = 0; failure < 20; failure++)
      expect(await laptop.verify("alice", ["x"])).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [totpAt(secret, startMs)])).toMatchObject({ verdict: "granted" });
  });
});

describe("a user who may not sign in", () => {
  it("is answered the same, unknown, disabled or without an authenticator", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("disabled");
    await server.store.write(async (tx) => {
      const user = await theUser(tx, "disabled");
      await disableUser(tx, server.identity.signing.privateKey, user, startMs);
    });
    const laptop = await server.machine();
    for (const code of [totpAt(secret, startMs), "ABCD-EFGH-JKM"])
      for (const user of ["disabled", "unknown", "\u202eunknown", " "])
        expect(await laptop.verify(user, [code])).toEqual({ verdict: "denied" });
    const audit = (await server.audit()).filter((entry) => entry.kind === "sign-in-denied");
    expect(audit.map((entry) => entry.detail["reason"]).slice(0, 2)).toEqual([
      "user-disabled",
      "unknown-user",
    ]);
  });

  it("is found by the very characters of the name only", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const code = totpAt(secret, startMs);
    for (const name of ["Alice", "alice ", "ALICE", "ａｌｉｃｅ", "alice."])
      expect(await laptop.verify(name, [code])).toEqual({ verdict: "denied" });
    expect(await laptop.verify("alice", [code])).toMatchObject({ verdict: "granted" });
  });
});
