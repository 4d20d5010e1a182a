// What whoever watches over the server sees: health, metrics, log.

import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { makeApp } from "../../server/api/app.ts";
import { Health } from "../../server/monitoring/health.ts";
import { Metrics } from "../../server/monitoring/metrics.ts";
import { makeMonitoringApp } from "../../server/monitoring/monitoring-app.ts";
import { random, startMs, testServer, totpAt, wrongCode } from "./fixture.ts";
import { TestMachine } from "./machine.ts";

async function watched() {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const server = await testServer();
  const metrics = new Metrics(
    server.store,
    server.clock,
    () => undefined,
    () => false,
  );
  const health = new Health(server.store);
  const app = makeApp({ ...server, random, log: pino(sink), syncMinutes: 60, metrics, health });
  const monitoring = makeMonitoringApp(metrics, health);
  const get = (path: string) => Promise.resolve(monitoring.fetch(new Request(`http://localhost${path}`)));
  const machine = new TestMachine((request) => app.fetch(request), server.clock, "laptop-of-alice");
  const numbers = async () => (await get("/metrics")).text();
  return { server, metrics, health, app, get, machine, lines, numbers };
}

describe("metrics", () => {
  it("count requests by route and status, sign-ins by verdict, and what there is", async () => {
    const { server, machine, numbers, app } = await watched();
    const secret = await server.userWithTotp("alice");
    await machine.join(await server.token());
    const code = totpAt(secret, startMs);
    await machine.verify("alice", [wrongCode(code)]);
    await machine.verify("alice", [code]);
    await app.fetch(new Request("http://localhost/v1/join", { method: "POST", body: "{}" }));
    await app.fetch(new Request("http://localhost/no/such/page"));
    await app.fetch(new Request("http://localhost/other", { method: "BREW" }));
    const text = await numbers();
    for (const line of [
      'nightlatch_requests_total{method="POST",route="/v1/join",status="200"} 1',
      'nightlatch_requests_total{method="POST",route="/v1/join",status="401"} 1',
      'nightlatch_requests_total{method="POST",route="/v1/verify",status="200"} 2',
      'nightlatch_requests_total{method="GET",route="none",status="404"} 1',
      'nightlatch_requests_total{method="other",route="none",status="404"} 1',
      'nightlatch_sign_ins_total{verdict="granted"} 1',
      'nightlatch_sign_ins_total{verdict="denied"} 1',
      "nightlatch_machines 1",
      "nightlatch_machines_flagged 0",
      "nightlatch_enrolments 1",
      'nightlatch_request_seconds_count{route="/v1/verify"} 2',
    ])
      expect(text.split("\n")).toContain(line);
  });

  it("name no user, no machine and nothing that was asked for", async () => {
    const { server, machine, numbers, app } = await watched();
    const secret = await server.userWithTotp("alice");
    await machine.join(await server.token());
    await machine.verify("alice", [totpAt(secret, startMs)]);
    await app.fetch(new Request("http://localhost/alice?code=123456", { method: "ALICE" }));
    const lines = (await numbers()).toLowerCase().trimEnd().split("\n");
    // A number of bytes may well have these digits somewhere within: names and labels may not, and no number is one of them.
    const told = lines.map((line) => (line.startsWith("#") ? line : line.replace(/ \S+$/, "")));
    const values = lines.map((line) => line.slice(line.lastIndexOf(" ") + 1));
    for (const hidden of ["alice", machine.id.toLowerCase(), "123456", totpAt(secret, startMs)]) {
      expect(told.join("\n")).not.toContain(hidden);
      expect(values).not.toContain(hidden);
    }
  });

  it("are one per scrape however often the server is made in a process", async () => {
    const [one, other] = [await watched(), await watched()];
    await one.get("/metrics");
    expect(await other.numbers()).toContain("nightlatch_machines 0");
  });
});

describe("health", () => {
  it("is alive as long as it answers, ready as long as the database does", async () => {
    const { server, get } = await watched();
    const seen = async () => [(await get("/healthz")).status, (await get("/readyz")).status];
    expect(await seen()).toEqual([200, 200]);
    await server.store.db.schema.dropTable("server").execute();
    expect(await seen()).toEqual([200, 503]);
  });

  it("is not ready once it is ending", async () => {
    const { health, get } = await watched();
    health.end();
    expect([(await get("/healthz")).status, (await get("/readyz")).status]).toEqual([200, 503]);
  });

  it("is all there is beside the numbers", async () => {
    const { get } = await watched();
    for (const path of ["/", "/openapi.json", "/v1/probe"]) expect((await get(path)).status).toBe(404);
  });
});

describe("the log", () => {
  it("has a line a request, with the id that the answer carries, and nothing secret", async () => {
    const { server, machine, lines } = await watched();
    const secret = await server.userWithTotp("alice");
    const token = await server.token();
    await machine.join(token);
    const code = totpAt(secret, startMs);
    const sent = await machine.send("verify", machine.verifyRequest("alice", [code]));
    const id = sent.headers.get("x-request-id");
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(lines.filter(({ request }) => request === id)).toMatchObject([
      { method: "POST", path: "/v1/verify", status: 200, machine: machine.id, msg: "request" },
    ]);
    const text = JSON.stringify(lines);
    for (const hidden of [code, token, secret.toBase64(), "alice"]) expect(text).not.toContain(hidden);
  });

  it("finds a fault by the id that was answered", async () => {
    const { server, machine, lines } = await watched();
    await machine.join(await server.token());
    await server.store.db.schema.dropTable("dialogues").ifExists().execute();
    await server.store.db.schema.dropTable("revocations").execute();
    const sent = await machine.send("probe", machine.asking());
    expect(sent.status).toBe(500);
    const id = sent.headers.get("x-request-id");
    expect(lines.filter(({ request }) => request === id).map(({ msg }) => msg)).toEqual(["fault", "request"]);
  });
});
