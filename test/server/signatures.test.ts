// What an interceptor, a clone or a replay gets: nothing, and an entry in the audit where an admin should look.

import { describe, expect, it } from "vitest";
import { contentDigest } from "../../protocol/sync/http-signature.ts";
import { flagsOf, theMachine } from "../../server/machines/machines.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { dayMs } from "../../words/clock.ts";
import { startMs, testServer, totpAt } from "./fixture.ts";
import { parse, TestMachine } from "./machine.ts";

const unsigned = {
  error: { code: "unsigned", message: "the request is not signed by a machine known here" },
};

async function setting() {
  const server = await testServer();
  const laptop = await server.machine();
  const body = () => Buffer.from(JSON.stringify(laptop.asking()), "utf8");
  const post = (path: string, content: Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
    server.fetch(new Request(`http://localhost${path}`, { method: "POST", body: content, headers }));
  return { server, laptop, body, post };
}

describe("a request", () => {
  it("is refused when it is not signed, or by a machine nobody knows", async () => {
    const { server, body, post } = await setting();
    const response = await post("/v1/probe", body(), {});
    expect([response.status, await response.json()]).toEqual([401, unsigned]);
    const stranger = new TestMachine(server.fetch, server.clock, "stranger");
    const sent = await stranger.send("probe", stranger.asking());
    expect([sent.status, parse(sent)]).toEqual([401, unsigned]);
  });

  it("is refused when its body was altered, with or without a digest to match", async () => {
    const { laptop, body, post } = await setting();
    const signed = body();
    const headers = { ...laptop.sign("/v1/probe", signed) };
    const altered = Buffer.from(signed.toString("utf8").replace("}", " }"), "utf8");
    expect((await post("/v1/probe", altered, headers)).status).toBe(401);
    const fitting = { ...headers, "content-digest": contentDigest(altered) };
    expect((await post("/v1/probe", altered, fitting)).status).toBe(401);
    expect((await post("/v1/probe", signed, headers)).status).toBe(200);
  });

  it("is refused at another address than it was signed for", async () => {
    const { laptop, body, post } = await setting();
    const signed = body();
    const headers = { ...laptop.sign("/v1/probe", signed) };
    expect((await post("/v1/sync", signed, headers)).status).toBe(401);
    expect((await post("/v1/probe?x=1", signed, headers)).status).toBe(400);
  });

  it("is refused under another machine's key id", async () => {
    const { server, laptop, body, post } = await setting();
    const other = await server.machine("other");
    const signed = body();
    const headers = { ...laptop.sign("/v1/probe", signed) };
    const input = headers["signature-input"].replace(laptop.id, other.id);
    expect((await post("/v1/probe", signed, { ...headers, "signature-input": input })).status).toBe(401);
  });

  it("is refused when a parameter of its signature was altered", async () => {
    const { laptop, body, post } = await setting();
    const signed = body();
    const headers = { ...laptop.sign("/v1/probe", signed) };
    const input = headers["signature-input"].replace(/created=\d+/, "created=1");
    expect((await post("/v1/probe", signed, { ...headers, "signature-input": input })).status).toBe(401);
  });

  it("is refused when it comes again, with nothing but revocations, and the machine is flagged once it has gone on", async () => {
    const { server, laptop, body, post } = await setting();
    const signed = body();
    const headers = { ...laptop.sign("/v1/probe", signed) };
    expect((await post("/v1/probe", signed, headers)).status).toBe(200);
    expect((await post("/v1/probe", signed, headers)).status).toBe(409);
    // A line that broke sends the newest one again.
    expect(flagsOf(await theMachine(server.store.db, laptop.id))).toEqual([]);
    await laptop.ask("probe", laptop.asking());
    for (let time = 0; time < 3; time++) {
      const again = await post("/v1/probe", signed, headers);
      expect(again.status).toBe(409);
      expect(await again.json()).toEqual({
        error: { code: "sequence-conflict", message: expect.any(String) },
        revocations: [],
      });
    }
    const machine = await theMachine(server.store.db, laptop.id);
    expect(flagsOf(machine)).toEqual(["sequence-conflict"]);
    const entries = (await server.audit()).filter((entry) => entry.kind === "sequence-conflict");
    expect(entries).toMatchObject([{ machine: laptop.id }]);
  });

  it("is refused when its sequence is that of an earlier one, as a clone's would be", async () => {
    const { server, laptop } = await setting();
    await laptop.ask("probe", laptop.asking());
    laptop.sequence -= 1;
    expect((await laptop.send("probe", laptop.asking())).status).toBe(409);
    laptop.sequence += 10;
    expect((await laptop.send("probe", laptop.asking())).status).toBe(200);
    const secret = await server.userWithTotp("alice");
    laptop.sequence = 1;
    const late = laptop.verifyRequest("alice", [totpAt(secret, startMs)]);
    expect((await laptop.send("verify", late)).status).toBe(409);
    laptop.sequence = 100;
    expect(await laptop.verify("alice", [totpAt(secret, startMs)])).toMatchObject({ verdict: "granted" });
  });

  it("is accepted from a machine whose clock is a year wrong: a sync is how it recovers", async () => {
    const { server, laptop, body, post } = await setting();
    server.clock.pass(-365 * dayMs);
    const signed = body();
    const headers = { ...laptop.sign("/v1/probe", signed) };
    server.clock.pass(365 * dayMs);
    const response = await post("/v1/probe", signed, headers);
    expect(await response.json()).toMatchObject({ serverTimeMs: startMs });
  });

  it("that was given up by its asker is not carried out", async () => {
    const { server, laptop, body } = await setting();
    const signed = body();
    const gone = new AbortController();
    const request = new Request("http://localhost/v1/probe", {
      method: "POST",
      body: signed,
      headers: { ...laptop.sign("/v1/probe", signed) },
      signal: gone.signal,
    });
    const answer = server.fetch(request);
    gone.abort();
    await Promise.resolve(answer).catch(() => undefined);
    expect((await theMachine(server.store.db, laptop.id)).sequence).toBeLessThan(laptop.sequence);
  });
});

describe("the refusal of a used sequence", () => {
  it("is signed for its own request only, and brings what the machine has to carry out", async () => {
    const { server, laptop } = await setting();
    await laptop.ask("probe", laptop.asking());
    await server.store.write(async (tx) => {
      const machine = await theMachine(tx, laptop.id);
      await revokeMachine(tx, server.identity.signing.privateKey, machine, startMs);
    });
    laptop.sequence -= 1;
    const refused = await laptop.send("probe", laptop.asking());
    laptop.sequence -= 1;
    const another = await laptop.send("probe", laptop.asking());
    expect([refused.status, another.status]).toEqual([409, 409]);
    expect(laptop.isSigned(refused)).toBe(true);
    expect(laptop.isSigned(another)).toBe(true);
    expect(laptop.isSigned(refused, another.requestSignature)).toBe(false);
    expect(laptop.isSigned({ ...refused, status: 200 })).toBe(false);
    const { revocations } = JSON.parse(Buffer.from(refused.body).toString());
    expect(revocations.map(laptop.openRevocation.bind(laptop))).toMatchObject([
      { machine: laptop.id, target: { scope: "machine" } },
    ]);
  });
});

describe("an answer", () => {
  it("holds for its own request only", async () => {
    const { laptop } = await setting();
    const first = await laptop.send("probe", laptop.asking());
    const second = await laptop.send("probe", laptop.asking());
    expect(laptop.isSigned(first)).toBe(true);
    expect(laptop.isSigned(second)).toBe(true);
    expect(laptop.isSigned(first, second.requestSignature)).toBe(false);
  });

  it("that was altered or truncated does not hold", async () => {
    const { laptop } = await setting();
    const sent = await laptop.send("probe", laptop.asking());
    expect(laptop.isSigned({ ...sent, body: sent.body.slice(0, -1) })).toBe(false);
    const altered = Buffer.from(sent.body);
    altered[20] = (altered[20] ?? 0) ^ 1;
    expect(laptop.isSigned({ ...sent, body: altered })).toBe(false);
    expect(laptop.isSigned({ ...sent, status: 201 })).toBe(false);
  });

  it("of a bundle to one machine is no bundle of another, and no revocation", async () => {
    const { server, laptop } = await setting();
    const secret = await server.userWithTotp("alice");
    const result = await laptop.verify("alice", [totpAt(secret, startMs)]);
    if (result.verdict !== "granted" || result.bundle === null) throw new Error("no bundle");
    const { bundle } = result;
    expect(() => laptop.openRevocation(bundle)).toThrow("not signed by this server");
    expect(() => laptop.openMachinePolicy(bundle)).toThrow("not signed by this server");
  });
});
