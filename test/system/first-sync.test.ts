// A machine syncs by itself as soon as it has a server to sync with: nobody has to wait for the schedule, or be told that
// something is wrong meanwhile.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Finding } from "../../agent/cli/doctor/finding.ts";
import { buildSite, type Site } from "./site.ts";

let site: Site;

beforeAll(async () => {
  site = await buildSite(["lockout.failures=5"]);
});

afterAll(() => site?.leave());

async function ofDoctor(check: string): Promise<Finding | undefined> {
  const { out } = await site.agent.cli("--json", "doctor", "--config", site.agent.config);
  return (JSON.parse(out) as Finding[]).find((finding) => finding.check === check);
}

/** Fails by the test's own time limit only. */
async function synced(): Promise<void> {
  while ((await site.agent.status()).lastSyncAtMs === null)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

test("after a join, and doctor finds no fault before or after", async () => {
  expect((await ofDoctor("last sync"))?.outcome).not.toBe("fail");
  await synced();
  expect((await ofDoctor("last sync"))?.outcome).toBe("ok");
});
