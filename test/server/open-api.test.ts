// The served description against what is served.

import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { exchanges } from "../../protocol/sync/exchanges.ts";
import { passwordCost } from "../../server/accounts/password.ts";
import { makeApp } from "../../server/api/app.ts";
import { schemaOf } from "../../server/api/open-api.ts";
import { SlowLane } from "../../server/verification/slow-lane.ts";
import { makeSite } from "../../server/web/site.ts";
import { FakeClock, random, testServer } from "./fixture.ts";

interface Operation {
  operationId: string;
  requestBody?: { content: { "application/json": { schema: object } } };
  responses: Record<string, { content: { "application/json": { schema: object } } }>;
}

async function description() {
  const server = await testServer();
  const response = await server.fetch(new Request("http://localhost/openapi.json"));
  const document = (await response.json()) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  };
  return { server, document };
}

describe("the OpenAPI document", () => {
  it("has every route that is served, and no other", async () => {
    const { server, document } = await description();
    const parts = { ...server, clock: new FakeClock(), random, log: pino({ level: "silent" }) };
    const app = makeApp({ ...parts, syncMinutes: 60 });
    // Pages are for people: their routes are those of the tables of access.
    const pages = new Set(
      makeSite({ ...parts, passwordCost, lane: new SlowLane() }).routes.map(({ path }) => path),
    );
    const served = app.routes.filter(({ method, path }) => method !== "ALL" && !pages.has(path));
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(served.map(({ method, path }) => `${method} ${path}`).toSorted());
  });

  it("describes each exchange by the schemas that requests are checked with", async () => {
    const { document } = await description();
    expect(document.openapi).toBe("3.1.0");
    for (const [name, { path, request, response }] of Object.entries(exchanges)) {
      const operation = document.paths[path]?.["post"];
      expect(operation?.operationId).toBe(name);
      expect(operation?.requestBody?.content["application/json"].schema).toEqual(schemaOf(request));
      expect(operation?.responses["200"]?.content["application/json"].schema).toEqual(schemaOf(response));
    }
  });

  it("says of every field what it is: nothing is lost on the way from the schemas", () => {
    const keys = (schema: unknown): string[] =>
      typeof schema === "object" && schema !== null
        ? Object.entries(schema).flatMap(([key, value]) => [key, ...keys(value)])
        : [];
    const text = schemaOf(exchanges.verify.request);
    for (const field of Object.keys(exchanges.verify.request.entries)) expect(keys(text)).toContain(field);
  });

  it("lists the refusals that are given", async () => {
    const { server, document } = await description();
    const responses = document.paths["/v1/join"]?.["post"]?.responses ?? {};
    const unsigned = await server.fetch(
      new Request("http://localhost/v1/join", { method: "POST", body: "{}" }),
    );
    expect(Object.keys(responses)).toContain(String(unsigned.status));
    expect(Object.keys(responses)).toEqual(["200", "400", "401", "403", "409", "413", "429", "500"]);
  });
});
