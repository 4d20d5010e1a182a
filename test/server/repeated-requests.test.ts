// Request numbers that don't rise: what a broken line does to a healthy machine is refused and no more; a clone is flagged.

import { beforeEach, describe, expect, it } from "vitest";
import { flags, type TestServer, testServer } from "./fixture.ts";
import { type Sent, TestMachine } from "./machine.ts";

let server: TestServer;
let laptop: TestMachine;

beforeEach(async () => {
  server = await testServer();
  laptop = await server.machine();
  for (let at = 0; at < 20; at++) await probe();
});

const probe = (machine = laptop) => machine.send("probe", machine.asking());

/** Signed now, and sent as often and as late as a line likes. */
function held(): () => Promise<number> {
  const body = Buffer.from(JSON.stringify(laptop.asking()), "utf8");
  const headers = { ...laptop.sign("/v1/probe", body) };
  return async () => {
    const request = new Request("http://localhost/v1/probe", { method: "POST", body, headers });
    return (await server.fetch(request)).status;
  };
}

/** With the same keys, going on from the number that the machine is at. */
function clone(sequence: number): TestMachine {
  const copy = new TestMachine(server.fetch, server.clock, "copy");
  Object.assign(copy, { ...laptop, sequence });
  return copy;
}

const status = (sent: Sent) => sent.status;

describe("a healthy machine is refused and not flagged", () => {
  it("when the connection broke after its request was taken, and it was sent once more", async () => {
    const send = held();
    expect([await send(), await send(), await send()]).toEqual([200, 409, 409]);
    expect(status(await probe())).toBe(200);
    expect(await flags(server, laptop)).toEqual([]);
  });

  it("when a request that it gave up arrives after the next ones", async () => {
    const late = held();
    await probe();
    await probe();
    expect(await late()).toBe(409);
    expect(status(await probe())).toBe(200);
    expect(await flags(server, laptop)).toEqual([]);
  });
});

describe("a machine is flagged", () => {
  it("when a number that was used comes with another request: a clone", async () => {
    await probe();
    expect(status(await probe(clone(laptop.sequence - 1)))).toBe(409);
    expect(await flags(server, laptop)).toEqual(["sequence-conflict"]);
  });

  it("when a clone has gone on ahead, by the first request of the other one", async () => {
    const copy = clone(laptop.sequence + 1_000);
    expect(status(await probe(copy))).toBe(200);
    expect(status(await probe())).toBe(409);
    expect(await flags(server, laptop)).toEqual(["sequence-conflict"]);
  });

  it("when a clone is a few numbers ahead, at the latest by the ninth request of the other one", async () => {
    const copy = clone(laptop.sequence + 4);
    await probe(copy);
    for (let at = 0; at < 9; at++) await probe();
    expect(await flags(server, laptop)).toEqual(["sequence-conflict"]);
  });

  it("when two go on in turns", async () => {
    const copy = clone(laptop.sequence);
    for (let at = 0; at < 2; at++) for (const one of [laptop, copy]) await probe(one);
    expect(await flags(server, laptop)).toEqual(["sequence-conflict"]);
  });

  it("when a number that came late comes again with another request", async () => {
    const late = held();
    const number = laptop.sequence;
    await probe();
    await late();
    expect(status(await probe(clone(number - 1)))).toBe(409);
    expect(await flags(server, laptop)).toEqual(["sequence-conflict"]);
  });

  it("when an earlier request comes again: a replay", async () => {
    const send = held();
    await send();
    await probe();
    expect(await send()).toBe(409);
    expect(await flags(server, laptop)).toEqual(["sequence-conflict"]);
  });

  it("when it goes on from an old copy of its state", async () => {
    expect(status(await probe(clone(laptop.sequence - 15)))).toBe(409);
    expect(await flags(server, laptop)).toEqual(["sequence-conflict"]);
  });
});
