// Whatever comes in: a fixed answer, nothing of the input in it, and a server that goes on.

import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { type ExchangeName, exchanges, maxRequestBytes } from "../../protocol/sync/exchanges.ts";
import { startMs, testServer, totpAt } from "./fixture.ts";
import { parse } from "./machine.ts";

const malformed = {
  error: { code: "malformed", message: "the request is not what this exchange asks for" },
};
const names = ["probe", "verify", "enrol", "sync"] as const satisfies readonly ExchangeName[];

describe("a signed request", () => {
  it("of any bytes is malformed", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.uint8Array({ maxLength: 200 }), async (name, bytes) => {
        const sent = await laptop.sendBytes(exchanges[name].path, Buffer.from(bytes));
        expect([sent.status, parse(sent)]).toEqual([400, malformed]);
      }),
      { numRuns: 100 },
    );
    expect(await laptop.ask("probe", laptop.asking())).toMatchObject({ revocations: [] });
  });

  it("of any JSON is malformed", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), async (name, value) => {
        expect((await laptop.send(name, value)).status).toBe(400);
      }),
      { numRuns: 100 },
    );
  });

  it("with one field turned into anything is refused or answered, never a fault", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    const laptop = await server.machine();
    const requests = {
      probe: () => laptop.asking(),
      verify: () => laptop.verifyRequest("alice", ["123456"]),
      enrol: () => ({ ...laptop.asking(), dialogue: Buffer.alloc(16).toString("base64") }),
      sync: () => laptop.syncRequest(),
    };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.jsonValue(), async (name, at, value) => {
        const request = requests[name]();
        const keys = Object.keys(request);
        const key = keys[at % keys.length] ?? "";
        const sent = await laptop.send(name, { ...request, [key]: value });
        expect([200, 400, 409]).toContain(sent.status);
        // A sequence may have been raised far up; a machine that has used them all up is another test's.
        await server.store.db.updateTable("machines").set({ sequence: 0 }).execute();
      }),
      { numRuns: 150 },
    );
  });

  it("with a field too many is malformed", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    expect((await laptop.send("probe", { ...laptop.asking(), extra: 1 })).status).toBe(400);
    const proto = Buffer.from(JSON.stringify(laptop.asking()).replace("{", '{"__proto__":{"x":1},'), "utf8");
    expect((await laptop.sendBytes("/v1/probe", proto)).status).toBe(400);
  });

  it("with quotes and semicolons for SQL in every name is answered like any other", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const laptop = await server.machine("'; drop table users; --");
    const hostile = "alice'; drop table users; --";
    expect(await laptop.verify(hostile, ["x"], { service: hostile })).toEqual({ verdict: "denied" });
    laptop.event("sign-in-denied", { user: hostile, service: hostile, reason: hostile });
    expect((await laptop.sync()).eventsThrough).toBe(1);
    expect(await laptop.verify("alice", [totpAt(secret, startMs)])).toMatchObject({ verdict: "granted" });
  });
});

describe("a request of any sort", () => {
  it("larger than allowed is refused before it is read", async () => {
    const server = await testServer();
    let read = 0;
    const body = new ReadableStream({
      pull(controller) {
        read += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const response = await server.fetch(new Request("http://localhost/v1/sync", init));
    expect(response.status).toBe(413);
    expect(read).toBeLessThan(2 * maxRequestBytes);
    const claimed = await server.fetch(
      new Request("http://localhost/v1/sync", {
        method: "POST",
        body: "{}",
        headers: { "content-length": String(maxRequestBytes + 1) },
      }),
    );
    expect(claimed.status).toBe(413);
  });

  it("to any other address or by any other method finds nothing, and is told nothing of itself", async () => {
    const server = await testServer();
    for (const [method, path] of [
      ["GET", "/v1/sync"],
      ["PUT", "/v1/sync"],
      ["POST", "/v1/sync/"],
      ["POST", "/V1/SYNC"],
      ["GET", "/../server.key"],
      ["GET", "/<script>"],
    ] as const) {
      const response = await server.fetch(new Request(`http://localhost${path}`, { method }));
      expect([response.status, await response.json()]).toEqual([
        404,
        { error: { code: "not-found", message: "there is nothing at this address" } },
      ]);
    }
  });
});

describe("the log", () => {
  it("names machines and addresses, but no code, no user's answer and no token", async () => {
    const lines: string[] = [];
    const server = await testServer(pino({ level: "trace" }, { write: (line) => lines.push(line) }));
    const secret = await server.userWithTotp("alice");
    const [backupCode = ""] = await server.addBackupCodes("alice");
    const token = await server.token();
    const laptop = await server.machine();
    const request = laptop.joinRequest(token);
    await laptop.send("join", request);
    const code = totpAt(secret, startMs);
    await laptop.verify("alice", [code]);
    await laptop.verify("alice", [backupCode]);
    await laptop.verify("alice", ["a wrong answer"]);
    await laptop.send("verify", { ...laptop.verifyRequest("alice", ["x"]), user: { secret: "5ecret" } });
    const log = lines.join("");
    expect(log).toContain(laptop.id);
    for (const hidden of [
      code,
      backupCode,
      "a wrong answer",
      "5ecret",
      token,
      request.proof,
      secret.toBase64(),
    ])
      expect(log).not.toContain(hidden);
  });
});
