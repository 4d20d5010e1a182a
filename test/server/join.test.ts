// How a machine becomes known, and how not.

import { describe, expect, it } from "vitest";
import { listMachines, theMachine } from "../../server/machines/machines.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { hourMs } from "../../words/clock.ts";
import { random, testServer } from "./fixture.ts";
import { parse, TestMachine } from "./machine.ts";

const refused = {
  error: { code: "join-refused", message: "the join token is not valid: unknown, expired or used up" },
};

describe("a machine with a join token", () => {
  it("becomes known, and gets the server's identity and its policy, signed", async () => {
    const server = await testServer();
    const laptop = new TestMachine(server.fetch, server.clock, "laptop");
    const answer = await laptop.join(await server.token());
    expect(answer.machine).toBe(laptop.id);
    expect(answer.serverTimeMs).toBe(server.clock.nowMs);
    const policy = laptop.openMachinePolicy(answer.machinePolicy);
    expect(policy).toMatchObject({ serial: 1, machine: laptop.id, exempt: false, policyName: "default" });
    expect(await laptop.ask("probe", laptop.asking())).toMatchObject({ revocations: [] });
  });

  it("is refused when the token is another server's, without a word about why", async () => {
    const [server, other] = [await testServer(), await testServer()];
    const laptop = new TestMachine(server.fetch, server.clock, "laptop");
    const sent = await laptop.send("join", laptop.joinRequest(await other.token()));
    expect(sent.status).toBe(403);
    expect(parse(sent)).toEqual(refused);
    expect(await server.audit()).toEqual([]);
  });

  it("is refused at the very moment the token expires", async () => {
    const server = await testServer();
    const token = await server.token(2, 1);
    const [early, late] = ["early", "late"].map((name) => new TestMachine(server.fetch, server.clock, name));
    server.clock.pass(hourMs - 1);
    await early?.join(token);
    server.clock.pass(1);
    const sent = await late?.send("join", late.joinRequest(token));
    expect(sent?.status).toBe(403);
    const last = (await server.audit()).at(-1);
    expect(last).toMatchObject({ kind: "join-refused", detail: { reason: "expired-token" } });
  });

  it("is refused when the token is used up, however many ask at once", async () => {
    const server = await testServer();
    const token = await server.token(3);
    const machines = Array.from({ length: 12 }, () => new TestMachine(server.fetch, server.clock, "m"));
    const sent = await Promise.all(machines.map((one) => one.send("join", one.joinRequest(token))));
    const statuses = sent.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([...Array(3).fill(200), ...Array(9).fill(403)]);
    expect(await listMachines(server.store.db)).toHaveLength(3);
  });

  it("is refused when it does not hold the token's secret", async () => {
    const server = await testServer();
    const laptop = new TestMachine(server.fetch, server.clock, "laptop");
    const request = laptop.joinRequest(await server.token());
    const proof = random.bytes(32).toBase64();
    const sent = await laptop.send("join", { ...request, proof });
    expect([sent.status, parse(sent)]).toEqual([403, refused]);
    expect((await server.audit()).at(-1)?.detail).toMatchObject({ reason: "wrong-proof" });
  });

  it("is refused when a proof is put to other keys than it was made for", async () => {
    const server = await testServer();
    const token = await server.token();
    const [laptop, thief] = ["laptop", "thief"].map((name) => {
      return new TestMachine(server.fetch, server.clock, name);
    });
    const seen = laptop?.joinRequest(token);
    const sent = await thief?.send("join", { ...thief.joinRequest(token), proof: seen?.proof });
    expect(sent?.status).toBe(403);
  });

  it("is refused when another key has signed the request", async () => {
    const server = await testServer();
    const token = await server.token();
    const laptop = new TestMachine(server.fetch, server.clock, "laptop");
    const other = new TestMachine(server.fetch, server.clock, "other");
    const sent = await other.send("join", laptop.joinRequest(token));
    expect(sent.status).toBe(401);
  });

  it("may join again when the answer was lost, at no cost; a replayed request may not", async () => {
    const server = await testServer();
    const token = await server.token(1);
    const laptop = new TestMachine(server.fetch, server.clock, "laptop");
    const body = Buffer.from(JSON.stringify(laptop.joinRequest(token)), "utf8");
    expect((await laptop.sendBytes("/v1/join", body)).status).toBe(200);
    expect((await laptop.sendBytes("/v1/join", body)).status).toBe(409);
    await laptop.join(token);
    expect(await listMachines(server.store.db)).toHaveLength(1);
    const other = new TestMachine(server.fetch, server.clock, "other");
    expect((await other.send("join", other.joinRequest(token))).status).toBe(403);
  });

  it("can't come back with the keys it was revoked with", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    await server.store.write(async (tx) => {
      const machine = await theMachine(tx, laptop.id);
      await revokeMachine(tx, server.identity.signing.privateKey, machine, server.clock.nowMs);
    });
    const sent = await laptop.send("join", laptop.joinRequest(await server.token()));
    expect(sent.status).toBe(403);
    expect((await server.audit()).at(-1)?.detail).toMatchObject({ reason: "revoked-machine" });
  });
});
