// What a stranger makes of the numbers, and what the numbers give away to who may read them.

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { listen } from "../../server/listen/listen.ts";
import { Health } from "../../server/monitoring/health.ts";
import { Metrics } from "../../server/monitoring/metrics.ts";
import { makeMonitoringApp } from "../../server/monitoring/monitoring-app.ts";
import { person } from "./browser.ts";
import { testServer, type TestServer } from "./fixture.ts";
import { queued } from "./mail/queued.ts";
import { addressFor, allow, plainUser, withMail } from "./portal-fixture.ts";
import { type Wire, wireTo } from "./wire.ts";

let server: TestServer;
let wire: Wire;
let queries: number;
let read: (path?: string) => Promise<string>;

beforeEach(async () => {
  server = await testServer();
  queries = 0;
  const db = new Proxy(server.store.db, {
    get(target, key) {
      if (key === "selectFrom") queries += 1;
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const metrics = new Metrics(
    { ...server.store, db },
    server.clock,
    () => undefined,
    () => false,
  );
  const app = makeMonitoringApp(metrics, new Health(server.store));
  const listening = await listen((asked) => app.fetch(asked), { host: "127.0.0.1", port: 0 }, undefined);
  onTestFinished(() => listening.close(AbortSignal.abort()));
  read = async (path = "/metrics") =>
    (await fetch(`http://127.0.0.1:${listening.address.port}${path}`)).text();
  wire = await wireTo(server, { metrics });
});

const ours = (text: string) => text.split("\n").filter((line) => line.startsWith("nightlatch_"));

describe("a flood", () => {
  it("of readers asks the database once, and again when a while has passed", async () => {
    await read();
    const once = queries;
    expect(once).toBeGreaterThan(0);
    await Promise.all(Array.from({ length: 100 }, () => read()));
    for (let time = 0; time < 20; time++) await read();
    expect(queries).toBe(once);
    server.clock.pass(10_000);
    await plainUser(server, "alice");
    await Promise.all(Array.from({ length: 50 }, () => read()));
    expect(queries).toBe(2 * once);
    await server.machine();
    server.clock.pass(10_000);
    expect(await read()).toContain("nightlatch_machines 1");
  });

  it("of paths, methods, hosts and headers adds no line but those that each of them has", async () => {
    const ask = async (at: number) => {
      const path = `/admin/users/${at}/x"} 1\\nfake{y="${at}`.replaceAll(" ", "%20").replaceAll('"', "%22");
      await wire.send("GET", path, { host: `host-${at}.example`, "user-agent": `agent ${at}` });
      await wire.send("GET", `/assets/${at}.css`);
      await wire.send("GET", `/portal/authenticators/${at}`);
      await wire.send("POST", `/v1/join?x=${at}`, { "content-type": `text/x-${at}` }, `{"a":${at}}`);
      await wire.send("DELETE", `/portal/${at}`);
      await wire.send("PROPFIND", `/${at}`);
    };
    await ask(0);
    const before = ours(await read());
    for (let at = 1; at < 40; at++) await ask(at);
    const after = ours(await read());
    expect(after.length).toBe(before.length);
    expect(after.join("\n")).not.toMatch(/fake|host-|agent |\b39\b.*\{/);
  });
});

describe("the numbers", () => {
  it("are the same for a right and a wrong guess wherever the page itself does not tell them apart", async () => {
    await withMail(server);
    await allow(server, { who: "everybody", mailCode: true });
    const dora = await person(server, "dora", "none");
    await server.store.db.deleteFrom("authenticators").execute();
    for (const name of ["dora", "emil"]) {
      if (name !== "dora") await plainUser(server, name);
      await addressFor(server, name, `${name}@corp.example`);
    }
    const counted = async (path: string, fields: Record<string, string>) => {
      const counts = async () => ours(await read()).filter((line) => !/_(sum|bucket)/.test(line));
      const before = await counts();
      await wire.send("POST", path, {}, new URLSearchParams(fields).toString());
      const after = await counts();
      return after.map((line) => {
        const [name = "", value] = line.split(/ (?=[^ ]+$)/);
        const was = before.find((one) => one.startsWith(`${name} `))?.split(/ (?=[^ ]+$)/)[1] ?? 0;
        return [name, Number(value) - Number(was)];
      });
    };
    const first = (name: string, password: string) => counted("/portal/first", { name, password });
    // Both once before, so that each line is there.
    await first("dora", "wrong");
    const mailed = (await queued(server)).length;
    const right = await first("dora", dora.password);
    expect((await queued(server)).length).toBe(mailed + 1);
    expect(right).toEqual(await first("emil", "wrong"));
    const mail = (name: string) => counted("/portal/sign-in/mail", { name });
    await mail("nobody");
    expect(await mail("dora")).toEqual(await mail("somebody"));
  });

  it("are all there is at their address, whoever is named as the host", async () => {
    for (const path of [
      "/",
      "/openapi.json",
      "/admin",
      "/portal",
      "/v1/probe",
      "/metrics/../admin",
      "/assets/",
    ])
      expect(JSON.parse(await read(path))).toMatchObject({ error: { code: "not-found" } });
    expect(await read("/healthz")).toBe('{"status":"ok"}');
    expect(await read("/readyz")).toBe('{"status":"ok"}');
  });

  it("are not on the listener that everybody reaches", async () => {
    for (const path of ["/metrics", "/metrics/", "//metrics", "/%6detrics"])
      expect((await wire.send("GET", path)).status).toBe(404);
  });
});
