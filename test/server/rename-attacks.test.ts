// A user was renamed while machines still hold something under the old name: what they send late is that user's, whoever has
// the name by now, and no code is good twice.

import { describe, expect, it } from "vitest";
import { publicIdentity } from "../../protocol/crypto/keys.ts";
import { sealTo } from "../../protocol/crypto/sealed-box.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { recoveryProof } from "../../protocol/sync/join-token.ts";
import { theMachine } from "../../server/machines/machines.ts";
import { recoveryKeyOf } from "../../server/machines/recovery-key.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { renameUser } from "../../server/users/rename.ts";
import { theUser } from "../../server/users/users.ts";
import { hotpAt, machineEvents, type TestServer, testServer, totpAt } from "./fixture.ts";
import { TestMachine } from "./machine.ts";

const stepMs = 30_000;

const rename = (server: TestServer, from: string, to: string) =>
  server.store.write(async (tx) =>
    renameUser(tx, server.vault, await theUser(tx, from), to, server.clock.nowMs),
  );

/** Alice was on the laptop when she became alice.m; `spent`: what the laptop says of her authenticators. */
async function site(type: "totp" | "hotp" | "backup-codes" = "totp") {
  const server = await testServer();
  await server.policy(
    "lockout.failures=0",
    "online.factors=totp/hotp/backup-codes",
    "offline.factors=totp/hotp/backup-codes",
    "totpWindow.past=2",
  );
  const secret = await server.userWithTotp("alice");
  const other = type === "hotp" ? await server.addHotp("alice") : new Uint8Array();
  const codes = type === "backup-codes" ? await server.addBackupCodes("alice") : [];
  const laptop = await server.machine();
  const desk = await server.machine("desk");
  const bundle = await laptop.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
  server.clock.pass(stepMs);
  const known = laptop.authenticators(bundle).find((one) => one.type === type);
  if (known === undefined) throw new Error(`no ${type} in the bundle`);
  const report = (spent: Spent) => {
    laptop.enrolments = laptop.enrolments.map((one) =>
      one.user === "alice" ? { ...one, spent: [spent] } : one,
    );
  };
  return { server, secret, other, codes, laptop, desk, known, report };
}

/** Somebody else has the name now. */
async function newAlice({ server }: { readonly server: TestServer }) {
  await rename(server, "alice", "alice.m");
  return server.userWithTotp("alice");
}

const targets = (machine: TestMachine, revocations: Parameters<TestMachine["openRevocation"]>[0][]) =>
  revocations.map((one) => machine.openRevocation(one).target);

describe.each(["nobody has the name", "somebody else has the name"])("late words, where %s", (who) => {
  const left = async (at: Awaited<ReturnType<typeof site>>) =>
    who === "nobody has the name" ? rename(at.server, "alice", "alice.m") : newAlice(at);

  it("spend time steps", async () => {
    const at = await site();
    const { server, secret, laptop, desk, known, report } = at;
    const code = totpAt(secret, server.clock.nowMs);
    report({ type: "totp", id: known.id, lastStep: server.clock.nowMs / stepMs });
    await left(at);
    const { revocations, bundles } = await laptop.sync();
    expect([targets(laptop, revocations), bundles]).toEqual([[{ scope: "user", user: "alice" }], []]);
    expect((await desk.verify("alice.m", [code])).verdict).toBe("denied");
    server.clock.pass(stepMs);
    expect((await desk.verify("alice.m", [totpAt(secret, server.clock.nowMs)])).verdict).toBe("granted");
  });

  it("spend counters", async () => {
    const at = await site("hotp");
    at.report({ type: "hotp", id: at.known.id, counter: 3 });
    await left(at);
    await at.laptop.sync();
    expect((await at.desk.verify("alice.m", [hotpAt(at.other, 2)])).verdict).toBe("denied");
    expect((await at.desk.verify("alice.m", [hotpAt(at.other, 3)])).verdict).toBe("granted");
  });

  it("spend backup codes", async () => {
    const at = await site("backup-codes");
    const { known, codes, desk } = at;
    if (known.type !== "backup-codes") throw new Error("no backup codes");
    at.report({ type: "backup-codes", id: known.id, usedIds: known.codes.slice(0, 1).map(({ id }) => id) });
    await left(at);
    await at.laptop.sync();
    const said = async (code = "") => (await desk.verify("alice.m", [code])).verdict;
    const [one, two] = codes;
    expect([await said(one), await said(two)]).toEqual(["denied", "granted"]);
  });
});

describe("a machine that knew the user by the old name", () => {
  it("is told so in the answer to the next sign-in under it, before the bundle of whoever has it now", async () => {
    const at = await site();
    const { server, secret, laptop, known } = at;
    const hers = totpAt(secret, server.clock.nowMs);
    const fresh = await newAlice(at);
    const spent: Spent[] = [{ type: "totp", id: known.id, lastStep: server.clock.nowMs / stepMs }];
    expect((await laptop.verify("alice", [hers], { spent })).verdict).toBe("denied");
    const request = laptop.verifyRequest("alice", [totpAt(fresh, server.clock.nowMs)]);
    const { result, revocations } = await laptop.ask("verify", request);
    if (result.verdict !== "granted" || result.bundle === null) throw new Error("no bundle");
    const [told] = revocations.map((one) => laptop.openRevocation(one));
    expect(told?.target).toEqual({ scope: "user", user: "alice" });
    expect(laptop.openBundle(result.bundle).serial).toBeGreaterThan(told?.serial ?? Infinity);
    expect((await laptop.verify("alice.m", [hers])).verdict).toBe("denied");
  });

  it("gets nothing by the yes of a dialogue that was granted before", async () => {
    const server = await testServer();
    await server.policy("enrol=ask");
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine();
    const request = laptop.verifyRequest("alice", [totpAt(secret, server.clock.nowMs)]);
    expect((await laptop.ask("verify", request)).result).toMatchObject({ mayEnrol: true });
    await rename(server, "alice", "alice.m");
    const { dialogue } = request;
    expect((await laptop.ask("enrol", { ...laptop.asking(), dialogue })).bundle).toBeNull();
  });

  it("tells of her late events as hers, until it says that it has dropped the name", async () => {
    const at = await site();
    const { server, laptop } = at;
    await newAlice(at);
    laptop.event("sign-in-granted", { user: "alice", offline: true });
    const { revocations } = await laptop.sync();
    laptop.revokedThrough = Math.max(...revocations.map((one) => laptop.openRevocation(one).serial));
    laptop.enrolments = [];
    laptop.event("sign-in-denied", { user: "alice", offline: true });
    laptop.event("disenrolled", { user: "alice", reason: "revoked" });
    laptop.event("sign-in-granted", { user: "alice" });
    await laptop.sync();
    const told = (await machineEvents(server)).map(({ kind, user, detail }) => [
      kind,
      user,
      detail["formerName"],
    ]);
    expect(told).toEqual([
      ["sign-in-granted", "alice.m", "alice"],
      ["sign-in-denied", "alice.m", "alice"],
      ["disenrolled", "alice.m", "alice"],
      ["sign-in-granted", "alice", undefined],
    ]);
  });

  it("and has lost the event of it is waited for no longer than it has something to tell", async () => {
    const at = await site();
    const { server, laptop } = at;
    await rename(server, "alice", "alice.m");
    const { revocations } = await laptop.sync();
    laptop.revokedThrough = Math.max(...revocations.map((one) => laptop.openRevocation(one).serial));
    laptop.enrolments = [];
    await laptop.sync();
    expect(await server.store.db.selectFrom("formerNames").selectAll().execute()).toEqual([]);
    expect((await theMachine(server.store.db, laptop.id)).holdsFormerNames).toBe(0);
  });

  it("tells of hers as hers with its last words, too", async () => {
    const at = await site();
    const { server, laptop } = at;
    await newAlice(at);
    await server.store.write(async (tx) =>
      revokeMachine(
        tx,
        server.identity.signing.privateKey,
        await theMachine(tx, laptop.id),
        server.clock.nowMs,
      ),
    );
    laptop.event("sign-in-granted", { user: "alice", offline: true });
    await laptop.sync();
    expect(await machineEvents(server)).toMatchObject([{ user: "alice.m", detail: { formerName: "alice" } }]);
  });

  it("keeps apart those who have had one name after the other", async () => {
    const at = await site();
    const { server, laptop } = at;
    const second = await newAlice(at);
    const request = laptop.verifyRequest("alice", [totpAt(second, server.clock.nowMs)]);
    const { result, revocations } = await laptop.ask("verify", request);
    if (result.verdict !== "granted" || result.bundle === null) throw new Error("no bundle");
    laptop.event("sign-in-granted", { user: "alice", offline: true });
    laptop.event("disenrolled", { user: "alice", reason: "revoked" });
    laptop.revokedThrough = Math.max(...revocations.map((one) => laptop.openRevocation(one).serial));
    laptop.enrolments = [];
    const bundle = laptop.keep(result.bundle);
    laptop.event("sign-in-granted", { user: "alice", offline: true });
    server.clock.pass(1);
    await rename(server, "alice", "second");
    await server.userWithTotp("alice");
    const [totp] = laptop.authenticators(bundle);
    const lastStep = server.clock.nowMs / stepMs + 1;
    laptop.enrolments = laptop.enrolments.map((one) => ({
      ...one,
      spent: [{ type: "totp", id: totp?.id ?? "", lastStep: Math.floor(lastStep) }],
    }));
    await laptop.sync();
    expect((await machineEvents(server)).map(({ user }) => user)).toEqual(["alice.m", "alice.m", "second"]);
    server.clock.pass(stepMs);
    expect((await laptop.verify("second", [totpAt(second, server.clock.nowMs)])).verdict).toBe("denied");
  });

  it("is recovered by the new name and not by the old one", async () => {
    const { server, secret, laptop } = await site();
    await rename(server, "alice", "alice.m");
    const recover = async (user: string) => {
      const fresh = new TestMachine(server.fetch, server.clock, "laptop");
      const { signingKey, boxKey } = publicIdentity(fresh.identity);
      const row = { id: laptop.id, signingKey: publicIdentity(laptop.identity).signingKey.toBase64() };
      const proof = recoveryProof(recoveryKeyOf(server.vault, row), laptop.id, signingKey, boxKey);
      const answers = JSON.stringify([totpAt(secret, server.clock.nowMs)]);
      const { revokedThrough: _, spent: __, ...signIn } = laptop.verifyRequest(user, []);
      const sent = await fresh.send("recover", {
        ...signIn,
        ...fresh.about(),
        sequence: 1,
        oldMachine: laptop.id,
        proof: proof.toBase64(),
        loss: "key-lost",
        signingKey: signingKey.toBase64(),
        boxKey: boxKey.toBase64(),
        sealedAnswers: sealTo(server.identity.box.publicKey, Buffer.from(answers)).toBase64(),
      });
      return (JSON.parse(Buffer.from(sent.body).toString("utf8")) as { result: { verdict: string } }).result
        .verdict;
    };
    expect([await recover("alice"), await recover("alice.m")]).toEqual(["denied", "granted"]);
  });
});

it("a code is granted once under the new name while another machine reports under the old one", async () => {
  const at = await site("hotp");
  const { other, laptop, desk, known } = at;
  await newAlice(at);
  for (let counter = 3; counter <= 60; counter += 3) {
    // More than the server knows, and less than the code that is judged meanwhile.
    at.report({ type: "hotp", id: known.id, counter: counter - 1 });
    const [verdict] = await Promise.all([desk.verify("alice.m", [hotpAt(other, counter)]), laptop.sync()]);
    expect(verdict.verdict).toBe("granted");
    expect((await desk.verify("alice.m", [hotpAt(other, counter)])).verdict).toBe("denied");
  }
});
