// The listener for whoever watches: plain HTTP, at an address of its own, nothing but numbers and health.

import { type Env, Hono } from "hono";
import { refusalBody, refusals } from "../api/refusal.ts";
import { refuse } from "../api/signed-exchange.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";

export function makeMonitoringApp(metrics: Metrics, health: Health): Hono {
  const app = new Hono();
  app.get("/metrics", async (c) => {
    const { type, body } = await metrics.text();
    return c.body(body, 200, { "content-type": type });
  });
  app.get("/readyz", async (c) => {
    const why = await health.whyNotReady();
    if (why === undefined) return c.json({ status: "ok" });
    return c.json({ ...refusalBody("unavailable"), why }, refusals.unavailable.status);
  });
  addHealth(app, health);
  app.notFound(() => refuse("not-found"));
  app.onError(() => refuse("internal"));
  return app;
}

/** Where anybody may ask: yes or no. */
export function addHealth<E extends Env>(app: Hono<E>, health: Health): void {
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) =>
    (await health.isReady()) ? c.json({ status: "ok" }) : refuse("unavailable"),
  );
}
