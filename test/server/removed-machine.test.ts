// A machine that was removed comes back: with its keys, older or next ones, a request of long ago, a token, its recovery.

import { describe, expect, it } from "vitest";
import { deriveIdentity, type Identity, publicIdentity, rotationProof } from "../../protocol/crypto/keys.ts";
import { sealTo } from "../../protocol/crypto/sealed-box.ts";
import { recoveryProof } from "../../protocol/sync/join-token.ts";
import { findMachine, theMachine } from "../../server/machines/machines.ts";
import { recoveryKeyOf } from "../../server/machines/recovery-key.ts";
import { removeMachines } from "../../server/machines/remove.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { dayMs } from "../../words/clock.ts";
import { flags, machineEvents, random, startMs, type TestServer, testServer, totpAt } from "./fixture.ts";
import { parse, type Sent, TestMachine } from "./machine.ts";

const key = (server: TestServer) => server.identity.signing.privateKey;

const revoke = ({ store, clock, ...server }: TestServer, id: string) =>
  store.write(async (tx) =>
    revokeMachine(tx, server.identity.signing.privateKey, await theMachine(tx, id), clock.nowMs),
  );

const remove = (server: TestServer, ...ids: string[]) =>
  server.store.write(async (tx) => {
    const machines = await Promise.all(ids.map((id) => theMachine(tx, id)));
    await removeMachines(tx, key(server), machines, server.clock.nowMs);
  });

/** Enrolled, revoked and removed; years have passed since. */
async function removed(
  before: (laptop: TestMachine, server: TestServer) => Promise<unknown> = async () => 0,
) {
  const server = await testServer();
  const secret = await server.userWithTotp("alice");
  const laptop = await server.machine("laptop-7", ["field"]);
  await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
  await before(laptop, server);
  await revoke(server, laptop.id);
  server.clock.pass(100 * dayMs);
  await remove(server, laptop.id);
  server.clock.pass(2_000 * dayMs);
  const code = () => totpAt(secret, server.clock.nowMs);
  return { server, laptop, code };
}

const targets = (
  laptop: TestMachine,
  { revocations }: { revocations: { payload: string; signature: string }[] },
) => revocations.map((one) => laptop.openRevocation(one).target);

/** What a refusal that is signed for this very request has it carry out. */
function told(laptop: TestMachine, sent: Sent) {
  laptop.check(sent);
  return targets(laptop, parse(sent) as Parameters<typeof targets>[1]);
}

const erase = [{ scope: "machine" }];

const kinds = async (server: TestServer) => (await server.audit()).map(({ kind }) => kind);

describe("a removed machine that comes back", () => {
  it("is told to erase itself whatever it asks for, by an answer that is signed for it, and gets nothing", async () => {
    const { server, laptop, code } = await removed();
    const verified = await laptop.ask("verify", laptop.verifyRequest("alice", [code()]));
    expect(verified.result).toEqual({ verdict: "revoked" });
    expect(targets(laptop, verified)).toEqual(erase);
    const synced = await laptop.ask("sync", { ...laptop.syncRequest(), machinePolicySerial: 0 });
    expect(synced).toMatchObject({ bundles: [], machinePolicy: null });
    expect(targets(laptop, synced)).toEqual(erase);
    const dialogue = random.bytes(16).toBase64();
    const enrolled = await laptop.ask("enrol", { ...laptop.asking(), dialogue });
    expect([enrolled.bundle, targets(laptop, enrolled)]).toEqual([null, erase]);
    expect(targets(laptop, await laptop.ask("probe", laptop.asking()))).toEqual(erase);
    const { revokedAtMs, removedAtMs, hostname } = (await findMachine(server.store.db, laptop.id)) ?? {};
    expect([revokedAtMs, removedAtMs, hostname]).toEqual([startMs, startMs + 100 * dayMs, "laptop-7"]);
    expect((await kinds(server)).filter((kind) => kind === "removed-machine-heard")).toHaveLength(1);
  });

  it.each([
    ["was turned back before it was removed", -30 * dayMs, 0],
    ["was turned back after that", 0, -30 * dayMs],
    ["was behind when it was removed", -1, 1],
  ])("is told to the admin once when the server's clock %s", async (_, before, after) => {
    const server = await testServer();
    const laptop = await server.machine("laptop-7");
    await revoke(server, laptop.id);
    await laptop.ask("probe", laptop.asking());
    server.clock.pass(before);
    await remove(server, laptop.id);
    server.clock.pass(after);
    for (let time = 0; time < 3; time++) {
      server.clock.pass(1);
      await laptop.ask("probe", laptop.asking());
    }
    expect((await kinds(server)).filter((kind) => kind === "removed-machine-heard")).toHaveLength(1);
  });

  it("tells what happened on it, exactly once, though it says it again", async () => {
    const { server, laptop } = await removed(async (before) => {
      before.event("sign-in-granted", { user: "alice", offline: true });
      await before.sync();
    });
    laptop.event("sign-in-denied", { user: "alice", offline: true });
    expect((await laptop.ask("sync", laptop.syncRequest(1))).eventsThrough).toBe(2);
    expect((await laptop.ask("sync", laptop.syncRequest(1))).eventsThrough).toBe(2);
    expect((await machineEvents(server)).map(({ kind }) => kind)).toEqual([
      "sign-in-granted",
      "sign-in-denied",
    ]);
    expect((await findMachine(server.store.db, laptop.id))?.flags).toBe("[]");
  });

  it("is told so when requests of before and a used number are sent once more, and is seen", async () => {
    let replay: unknown;
    const { server, laptop } = await removed(async (before) => {
      replay = before.asking();
      await before.send("probe", replay);
      for (let time = 0; time < 10; time++) await before.ask("probe", before.asking());
    });
    for (const body of [replay, { ...laptop.asking(), sequence: laptop.sequence - 1 }]) {
      const sent = await laptop.send("probe", body);
      expect(sent.status).toBe(409);
      expect(told(laptop, sent)).toEqual(erase);
    }
    expect((await kinds(server)).filter((kind) => kind === "sequence-conflict")).toHaveLength(1);
  });

  it("joins neither with a token nor with a new number, and what the token is worth stays", async () => {
    const { server, laptop } = await removed();
    const token = await server.token(1);
    const before = await server.store.db.selectFrom("machines").selectAll().execute();
    for (let time = 0; time < 2; time++) {
      laptop.sequence += 1_000;
      expect((await laptop.send("join", laptop.joinRequest(token))).status).toBe(403);
    }
    expect((await server.audit()).at(-1)).toMatchObject({
      kind: "join-refused",
      machine: laptop.id,
      detail: { reason: "removed-machine" },
    });
    expect(await server.store.db.selectFrom("machines").selectAll().execute()).toEqual(before);
    const other = await server.machine("laptop-7", [], token);
    expect(other.id).not.toBe(laptop.id);
  });

  it("is given no place by its old recovery, with a right code", async () => {
    const { server, laptop, code } = await removed();
    const fresh = new TestMachine(server.fetch, server.clock, "laptop-7");
    const { signingKey, boxKey } = publicIdentity(fresh.identity);
    const row = { id: laptop.id, signingKey: publicIdentity(laptop.identity).signingKey.toBase64() };
    const proof = recoveryProof(recoveryKeyOf(server.vault, row), laptop.id, signingKey, boxKey);
    const { revokedThrough: _, spent: __, ...signIn } = laptop.verifyRequest("alice", [code()]);
    const sent = await fresh.send("recover", {
      ...signIn,
      ...fresh.about(),
      sequence: 1,
      oldMachine: laptop.id,
      proof: proof.toBase64(),
      loss: "key-lost",
      signingKey: signingKey.toBase64(),
      boxKey: boxKey.toBase64(),
      sealedAnswers: sealTo(server.identity.box.publicKey, Buffer.from(JSON.stringify([code()]))).toBase64(),
    });
    expect(sent.status).toBe(401);
    expect(await findMachine(server.store.db, fresh.id)).toBeUndefined();
  });

  it("is known by the keys it had, and by those it was about to have", async () => {
    const [second, third] = [deriveIdentity(random.bytes(32)), deriveIdentity(random.bytes(32))];
    const { laptop } = await removed(async (before) => {
      await before.ask("rotate", offer(before, second));
      Object.assign(before, { first: before.identity, identity: second });
      await before.ask("probe", before.asking());
      await before.ask("rotate", offer(before, third));
    });
    Object.assign(laptop, { identity: (laptop as unknown as { first: Identity }).first });
    const old = await laptop.send("probe", laptop.asking());
    expect(old.status).toBe(409);
    expect(told(laptop, old)).toMatchObject([{ scope: "keys" }]);
    Object.assign(laptop, { identity: third });
    expect(targets(laptop, await laptop.ask("probe", laptop.asking()))).toEqual(erase);
    const next = await laptop.ask("rotate", offer(laptop, deriveIdentity(random.bytes(32))));
    expect(next).toMatchObject({ sealedRecoveryKey: null, bundles: [] });
  });

  it("is told so though it never was when it was revoked, as one whose place another took", async () => {
    const server = await testServer();
    const laptop = await server.machine("laptop-7");
    await server.store.db
      .updateTable("machines")
      .set({ revokedAtMs: startMs })
      .where("id", "=", laptop.id)
      .execute();
    await remove(server, laptop.id);
    expect(targets(laptop, await laptop.ask("probe", laptop.asking()))).toEqual(erase);
  });
});

describe("removing", () => {
  it("is refused for a machine in use, and then nothing is removed", async () => {
    const server = await testServer();
    const [gone, used] = [await server.machine("gone"), await server.machine("used")];
    await revoke(server, gone.id);
    await expect(remove(server, gone.id, used.id)).rejects.toThrow('"used" (');
    expect((await theMachine(server.store.db, gone.id)).removedAtMs).toBeNull();
    await used.sync();
  });

  it("frees the name, and takes along what no answer needs", async () => {
    const { server, laptop } = await removed();
    const other = await server.machine("laptop-7");
    expect((await theMachine(server.store.db, "laptop-7")).id).toBe(other.id);
    expect(await flags(server, other)).toEqual([]);
    await expect(theMachine(server.store.db, laptop.id)).rejects.toThrow("was removed");
    await expect(theMachine(server.store.db, laptop.id.slice(0, 8))).rejects.toThrow("there is no machine");
    for (const table of ["enrolments", "machineTags", "machineSeeds", "dialogues", "challenges"] as const)
      expect(await server.store.db.selectFrom(table).selectAll().execute()).toEqual([]);
    expect(await kinds(server)).toContain("machine-removed");
  });
});

function offer(laptop: TestMachine, identity: Identity) {
  const keys = publicIdentity(identity);
  return {
    ...laptop.asking(),
    signingKey: keys.signingKey.toBase64(),
    boxKey: keys.boxKey.toBase64(),
    proof: rotationProof(laptop.id, laptop.identity.signing.publicKey, identity).toBase64(),
    enrolments: laptop.enrolments,
  };
}
