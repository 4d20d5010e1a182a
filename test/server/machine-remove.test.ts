// Revoked machines are removed at the command line and in the console, and are in no list from then on.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { consoleAccess } from "../../server/console/access.ts";
import { weeklyContent } from "../../server/mail/weekly-content.ts";
import { Metrics } from "../../server/monitoring/metrics.ts";
import { dayMs } from "../../words/clock.ts";
import { signedIn } from "./browser.ts";
import { commandLineAt } from "./command-line.ts";
import { temporaryFolder, testServer } from "./fixture.ts";

async function site(...hosts: string[]) {
  const server = await testServer();
  const line = commandLineAt(server.clock, server.data);
  if (server.postgresUrl !== undefined) line.environment["NIGHTLATCH_DATABASE"] = server.postgresUrl;
  const ids = new Map<string, string>();
  for (const host of hosts) ids.set(host, (await server.machine(host)).id);
  const idOf = (host: string) => ids.get(host) ?? "";
  const hostsThere = async () =>
    (await line.json("machine", "list")).map(({ hostname }: { hostname: string }) => hostname).toSorted();
  return { server, line, idOf, hostsThere };
}

describe("machine remove", () => {
  it("takes several, by name and id, all or none, and says which", async () => {
    const { line, idOf, hostsThere } = await site("atlas", "basalt", "coral");
    for (const host of ["atlas", "basalt"]) await line.call("machine", "revoke", host);
    const used = await line.call("machine", "remove", "atlas", "coral");
    expect([used.code, used.out]).toEqual([1, ""]);
    expect(used.err).toContain("is in use: revoke it first; nothing was removed");
    expect(await hostsThere()).toEqual(["atlas", "basalt", "coral"]);
    const done = await line.json("machine", "remove", "atlas", idOf("atlas"), idOf("basalt").slice(0, 8));
    expect(done).toEqual({
      removed: [
        { id: idOf("atlas"), hostname: "atlas" },
        { id: idOf("basalt"), hostname: "basalt" },
      ],
    });
    expect(await hostsThere()).toEqual(["coral"]);
    expect((await line.call("machine", "remove", idOf("atlas"))).err).toContain("was removed");
    expect((await line.call("machine", "remove", "atlas")).err).toContain("there is no machine");
  });

  it("takes what was revoked so long ago, or before a day", async () => {
    const { server, line, hostsThere } = await site("atlas", "basalt", "coral", "delta");
    await line.call("machine", "revoke", "atlas");
    server.clock.pass(60 * dayMs);
    await line.call("machine", "revoke", "basalt");
    server.clock.pass(40 * dayMs);
    await line.call("machine", "revoke", "coral");
    expect((await line.call("machine", "remove", "--revoked-before", "101d")).out).toContain("no machine");
    expect((await line.json("machine", "remove", "--revoked-before", "90d")).removed).toHaveLength(1);
    expect(await hostsThere()).toEqual(["basalt", "coral", "delta"]);
    const day = new Date(server.clock.nowMs).toISOString().slice(0, 10);
    expect((await line.call("machine", "remove", "--revoked-before", day)).out).toContain("(basalt)");
    expect(await hostsThere()).toEqual(["coral", "delta"]);
  });

  it.each([[[]], [["atlas", "--revoked-before", "90d"]], [["--revoked-before", "soon"]]])(
    "says which it needs for %j",
    async (args) => {
      const { line } = await site();
      expect((await line.call("machine", "remove", ...args)).code).toBe(2);
    },
  );
});

describe("the console", () => {
  it("removes one from its page and many chosen in the list, for admins, with the audit's word", async () => {
    const { server, line, idOf, hostsThere } = await site("atlas", "basalt", "coral", "delta");
    for (const host of ["atlas", "basalt", "coral"]) await line.call("machine", "revoke", host);
    const browser = await signedIn(server, "admin", "root");
    const choices = (text: string) => [...text.matchAll(/name="one" value="([^"]+)"/g)].map(([, id]) => id);
    const list = await browser.get("/admin/machines");
    expect(choices(list.text).toSorted()).toEqual([idOf("atlas"), idOf("basalt"), idOf("coral")].toSorted());
    expect((await browser.get(`/admin/machines/${idOf("delta")}`)).text).not.toContain("Remove…");
    expect((await browser.get(`/admin/machines/${idOf("atlas")}`)).text).toContain("Remove…");

    await browser.get(`/admin/machines/remove?one=${idOf("atlas")}`);
    expect(browser.page).toContain("Remove atlas?");
    expect(
      (await browser.open((await browser.send("/admin/machines/remove", { one: idOf("atlas") })).to ?? ""))
        .text,
    ).toContain("The machine was removed");
    const both = [idOf("basalt"), idOf("coral")];
    await browser.get(`/admin/machines/remove?${both.map((id) => `one=${id}`).join("&")}`);
    expect(browser.page).toContain("Remove 2 machines?");
    for (const wrong of [[], [...both, idOf("delta")], [...both, idOf("atlas")], ["x"]]) {
      const seen = await browser.send("/admin/machines/remove", { one: wrong });
      expect(seen.status).toBeGreaterThanOrEqual(400);
    }
    expect(await hostsThere()).toEqual(["basalt", "coral", "delta"]);
    await browser.send("/admin/machines/remove", { one: both });
    expect(await hostsThere()).toEqual(["delta"]);
    expect((await browser.get(`/admin/machines/${idOf("atlas")}`)).status).toBe(404);
    const removals = (await server.audit()).filter(({ kind }) => kind === "machine-removed");
    expect(removals).toMatchObject([
      { operator: "console: root", machine: idOf("atlas"), detail: { hostname: "atlas" } },
      { operator: "console: root" },
      { operator: "console: root" },
    ]);
    const helper = await signedIn(server, "help-desk");
    expect(choices((await helper.get("/admin/machines")).text)).toEqual([]);
  });
});

describe("a removed machine", () => {
  it("is in no page, list, export, figure or report, and in the audit by its name", async () => {
    const { server, line, idOf } = await site("atlas", "old-basalt");
    const metrics = new Metrics(
      server.store,
      server.clock,
      () => undefined,
      () => false,
    );
    await server.store.db
      .updateTable("machines")
      .set({ flags: '["state-restored"]', exempt: 1 })
      .where("id", "=", idOf("old-basalt"))
      .execute();
    await line.call("machine", "revoke", "old-basalt");
    await line.call("machine", "remove", "old-basalt");
    server.clock.pass(40 * dayMs);

    const named = (text: string) =>
      text.includes("old-basalt") || text.includes(idOf("old-basalt").slice(0, 8));
    const browser = await signedIn(server, "admin");
    for (const route of Object.keys(consoleAccess)) {
      const path = route.slice("GET ".length);
      if (!route.startsWith("GET ") || path.includes(":") || path.startsWith("/admin/audit")) continue;
      expect([path, named((await browser.get(path)).text)]).toEqual([path, false]);
    }
    for (const state of ["", "revoked", "flagged", "exempt", "silent"])
      expect(named((await browser.get(`/admin/machines?state=${state}`)).text)).toBe(false);
    expect((await browser.get("/admin/machines")).text).toContain("1 entry");
    for (const list of ["machine", "enrolment"])
      expect(named((await line.call(list, "list")).out)).toBe(false);
    const folder = join(temporaryFolder(), "out");
    expect((await line.call("export", "--out", folder)).code).toBe(0);
    for (const name of readdirSync(folder).filter((name) => !name.startsWith("audit")))
      expect([name, named(readFileSync(join(folder, name), "utf8"))]).toEqual([name, false]);
    expect((await metrics.text()).body).toMatch(/^nightlatch_machines 1$/m);
    expect((await metrics.text()).body).toMatch(/^nightlatch_machines_flagged 0$/m);
    const silent = (await weeklyContent(server.store.db, server.clock.nowMs)).find(
      ({ about }) => about === "silent",
    );
    expect(silent).toMatchObject({ count: 1, first: [["atlas", expect.any(String)]] });

    for (const text of ["old-basalt", idOf("old-basalt")]) {
      const told = await line.json("audit", "--machine", text);
      expect(told.map(({ kind }: { kind: string }) => kind)).toEqual([
        "machine-joined",
        "machine-revoked",
        "machine-removed",
      ]);
      expect((await browser.get(`/admin/audit?machine=${text}`)).text).toContain("machine-removed");
    }
  });
});
