// What the console says at a glance: when offline use ends, and which machines need a look.

import { describe, expect, it } from "vitest";
import { dayMs } from "../../words/clock.ts";
import { signedIn } from "./browser.ts";
import { testServer, totpAt } from "./fixture.ts";

describe("the ends of offline use", () => {
  it("are counted by day from today, as figures for the plot and as a table", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "help-desk");
    const ends = async () => JSON.parse((await browser.get("/admin/lease-ends.json")).text);
    for (const name of ["alice", "bob"]) {
      const secret = await server.userWithTotp(name);
      for (const host of ["atlas", "basalt"]) {
        const machine = await server.machine(`${host}-${name}`);
        await machine.enrolledVerify(name, [totpAt(secret, server.clock.nowMs)]);
        if (host === "basalt" && name === "bob")
          await server.store.db
            .updateTable("machines")
            .set({ revokedAtMs: server.clock.nowMs })
            .where("id", "=", machine.id)
            .execute();
        server.clock.pass(30_000);
      }
    }
    const figures = await ends();
    expect(figures.atSeconds).toHaveLength(14);
    expect(figures.atSeconds[0] * 1_000).toBe(Math.floor(server.clock.nowMs / dayMs) * dayMs);
    expect(figures.ends).toEqual([0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0]);
    server.clock.pass(7 * dayMs);
    const again = await signedIn(server, "auditor");
    expect(JSON.parse((await again.get("/admin/lease-ends.json")).text).ends[0]).toBe(3);
    const { text } = await again.get("/admin");
    expect(text).toContain('data-from="/admin/lease-ends.json"');
    expect(text).toMatch(/Ends of offline use by day.*<td class="numeric">3<\/td>/s);
  });
});

describe("the list of machines", () => {
  it("has version, sync, protector, and when the clock was turned back; clones and rolled back states are named", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "auditor");
    const laptop = await server.machine("laptop-7");
    const list = async () => (await browser.get("/admin/machines")).text;
    expect(await list()).not.toContain("turned back");
    laptop.event("clock-turned-back");
    await laptop.sync();
    await server.store.db
      .updateTable("machines")
      .set({ flags: '["sequence-conflict","state-restored"]' })
      .where("id", "=", laptop.id)
      .execute();
    const text = await list();
    for (const said of [
      "laptop-7",
      "file",
      "turned back <time",
      "clone or replay",
      "rolled back",
      "2026-03-01",
    ])
      expect(text).toContain(said);
    expect((await browser.get(`/admin/machines/${laptop.id}`)).text).toContain("turned back at <time");
  });
});
