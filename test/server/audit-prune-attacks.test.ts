// Whoever prunes the audit to hide what they did, and clocks that are wrong while it is pruned.

import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { record, serverEntry } from "../../server/audit/audit.ts";
import { pruneAudit } from "../../server/audit/prune.ts";
import { AuditRetention } from "../../server/audit/retention-schedule.ts";
import { retentionSetting, setRetention } from "../../server/audit/retention.ts";
import { readSetting } from "../../server/settings/settings.ts";
import { dayMs, hourMs } from "../../words/clock.ts";
import { signedIn } from "./browser.ts";
import { commandLineAt } from "./command-line.ts";
import { flags, startMs, type TestServer, testServer } from "./fixture.ts";

const log = pino({ level: "silent" });

/** With an entry a day, `days` of them, up to now. */
async function site(days = 100) {
  const server = await testServer();
  await entries(server, days);
  const kinds = async () => (await server.audit()).map(({ kind }) => kind);
  const prune = (beforeMs: number) =>
    pruneAudit(server.store, beforeMs, { clock: server.clock, stop: new AbortController().signal });
  const warned: string[] = [];
  const logged = { write: (line: string) => void warned.push(JSON.parse(line).msg) };
  const retention = new AuditRetention({ ...server, log: pino({ level: "warn" }, logged) });
  /** As the server looks while it runs. */
  const pass = async (ms: number, stepMs = hourMs) => {
    for (let at = 0; at < ms; at += stepMs) {
      server.clock.pass(stepMs);
      await retention.tick();
    }
  };
  const keep = (keepDays: number) =>
    server.store.write((tx) => setRetention(tx, { keepDays }, server.clock.nowMs));
  return { server, kinds, prune, retention, pass, keep, warned };
}

async function entries(server: TestServer, days: number) {
  await server.store.write(async (tx) => {
    for (let day = days; day > 0; day--)
      await record(tx, serverEntry(server.clock.nowMs - day * dayMs, `day-${day}`, {}));
  });
}

const days = (kinds: readonly string[]) => kinds.filter((kind) => kind.startsWith("day-")).length;

describe("an admin in bad hands", () => {
  it.each([-4_000, 0, 1, 29.99])("can't prune what is %d days old", async (age) => {
    const { server, prune, kinds } = await site();
    const before = await kinds();
    await expect(prune(server.clock.nowMs - age * dayMs)).rejects.toThrow(/the last 30 days are kept, so/);
    expect(await kinds()).toEqual(before);
  });

  it("leaves word of a pruning, which no other one removes in 30 days", async () => {
    const { server, prune, kinds } = await site();
    await prune(server.clock.nowMs - 30 * dayMs);
    const [told] = (await server.audit()).filter(({ kind }) => kind === "audit-pruned");
    expect(told?.detail).toMatchObject({ before: "2026-01-30T12:00:00.000Z", entries: 70 });
    for (let day = 0; day < 30; day++) {
      server.clock.pass(dayMs);
      await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "used", {})));
      await prune(server.clock.nowMs - 30 * dayMs);
    }
    expect((await kinds()).filter((kind) => kind === "audit-pruned").length).toBeGreaterThan(1);
    expect((await server.audit()).find(({ kind }) => kind === "audit-pruned")).toEqual(told);
  });

  it("sets a short retention: the audit says from what to what, and a week goes by first", async () => {
    const { server, kinds, pass } = await site();
    const browser = await signedIn(server, "admin", "root");
    await browser.get("/admin/settings/audit");
    expect((await browser.send("/admin/settings/audit", { keepDays: "30" })).status).toBe(303);
    await pass(7 * dayMs);
    expect(days(await kinds())).toBe(100);
    const auditor = await signedIn(server, "auditor", "audrey");
    expect((await auditor.get("/admin/settings/audit")).text).toContain("Entries older than 30 days");
    expect((await auditor.get("/admin/audit?kind=setting-changed")).text).toContain(
      "was=keepDays=0 is=keepDays=30",
    );
    await pass(dayMs);
    expect(days(await kinds())).toBeLessThan(30);
    expect(await kinds()).toContain("setting-changed");
  });

  it("gains no day by setting it to and fro", async () => {
    const { kinds, pass, keep } = await site();
    await keep(90);
    await pass(6 * dayMs);
    await keep(30);
    await pass(2 * dayMs);
    expect(days(await kinds())).toBe(100);
  });

  it.each(["1", "29", "-1", "0.5", "", "36501", "all"])("can't set %j days", async (keepDays) => {
    const { server } = await site(0);
    const browser = await signedIn(server, "admin", "root");
    await browser.get("/admin/settings/audit");
    const seen = await browser.send("/admin/settings/audit", { keepDays });
    expect([seen.status, seen.text.includes('id="f-keepDays-fault"')]).toEqual([400, true]);
    expect(await readSetting(server.store.db, retentionSetting)).toEqual({ keepDays: 0 });
  });

  it.each(["auditor", "help-desk"] as const)("with the role %s changes nothing", async (role) => {
    const { server } = await site(0);
    const browser = await signedIn(server, role, "eve");
    await browser.get("/admin");
    expect((await browser.send("/admin/settings/audit", { keepDays: "30" })).status).toBe(403);
    expect(await readSetting(server.store.db, retentionSetting)).toEqual({ keepDays: 0 });
  });
});

describe("a clock that was set forward", () => {
  it("by hand: an age is refused, since the newest entry is too far from it", async () => {
    const { server, kinds } = await site();
    const before = await kinds();
    const line = commandLineAt(server.clock, server.data);
    if (server.postgresUrl !== undefined) line.environment["NIGHTLATCH_DATABASE"] = server.postgresUrl;
    server.clock.pass(3_650 * dayMs);
    const seen = await line.call("audit", "prune", "--before", "400d");
    expect([seen.code, seen.out]).toEqual([1, ""]);
    expect(seen.err).toContain("the newest entry is of 2026-02-28 12:00:00 UTC");
    expect(seen.err).toContain("is this host's clock right?");
    expect(await kinds()).toEqual(before);
  });

  it("by hand, when the server has already written at the wrong time: refused for a week", async () => {
    const { server, kinds } = await site();
    const line = commandLineAt(server.clock, server.data);
    if (server.postgresUrl !== undefined) line.environment["NIGHTLATCH_DATABASE"] = server.postgresUrl;
    server.clock.pass(3_650 * dayMs);
    for (let day = 0; day < 7; day++) {
      await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "sign-in-denied", {})));
      const seen = await line.call("audit", "prune", "--before", "400d");
      expect([seen.code, seen.err]).toEqual([
        1,
        expect.stringContaining("the newest entry is of 2026-02-28 12:00:00 UTC"),
      ]);
      server.clock.pass(dayMs);
    }
    expect(days(await kinds())).toBe(100);
  });

  it("in the running server: nothing goes for a week, though it writes at the wrong time meanwhile", async () => {
    const { server, retention, kinds, pass, keep, warned } = await site();
    await keep(90);
    await pass(7 * dayMs + hourMs);
    const whole = days(await kinds());
    expect(warned).toEqual([]);
    server.clock.pass(3_650 * dayMs);
    await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "sign-in-denied", {})));
    await pass(6 * dayMs);
    expect(days(await kinds())).toBe(whole);
    server.clock.pass(-3_656 * dayMs);
    await retention.tick();
    await pass(6 * dayMs);
    expect(days(await kinds())).toBe(whole);
    expect(warned).toEqual(Array.from({ length: 2 }, () => expect.stringContaining("not pruned for a week")));
  });

  it("at one of two instances: neither prunes", async () => {
    const { server, retention, kinds, pass, keep } = await site();
    await keep(90);
    const wrong = { ...server.clock, wallMs: () => server.clock.nowMs + 3_650 * dayMs };
    const other = new AuditRetention({ ...server, clock: wrong, log });
    for (let day = 0; day < 20; day++) {
      await pass(dayMs, dayMs);
      await other.tick();
      await retention.tick();
    }
    expect(days(await kinds())).toBe(100);
  });

  it("and back, long ago: what was written then is not taken for new", async () => {
    const { server, kinds, prune } = await site();
    const atMs = startMs + 4_000 * dayMs;
    await server.store.write((tx) => record(tx, serverEntry(atMs, "from-the-future", {})));
    await server.store.write((tx) => record(tx, serverEntry(startMs, "now", {})));
    await prune(startMs - 40 * dayMs);
    expect(days(await kinds())).toBe(40);
  });
});

describe("a clock that was set back", () => {
  it("and put right again: what was written meanwhile stays for 30 days all the same", async () => {
    const { server, kinds, prune } = await site();
    server.clock.pass(-200 * dayMs);
    await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "role-given", {})));
    server.clock.pass(200 * dayMs);
    await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "used", {})));
    await prune(server.clock.nowMs - 30 * dayMs);
    expect([days(await kinds()), (await kinds()).includes("role-given")]).toEqual([30, true]);
    for (let day = 0; day < 31; day++) {
      server.clock.pass(dayMs);
      await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "used", {})));
      await prune(server.clock.nowMs - 30 * dayMs);
    }
    expect(await kinds()).not.toContain("role-given");
  });
});

describe("a machine", () => {
  it("that comes back with old events: they stay as long as if they were new", async () => {
    const { server, prune } = await site();
    const laptop = await server.machine();
    laptop.event("sign-in-granted", { user: "alice", offline: true, atMs: startMs - 500 * dayMs });
    await laptop.sync();
    const old = async () => (await server.audit()).filter(({ user }) => user === "alice").length;
    await prune(startMs - 30 * dayMs);
    expect(await old()).toBe(1);
    server.clock.pass(40 * dayMs);
    await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "used", {})));
    await prune(server.clock.nowMs - 30 * dayMs);
    expect(await old()).toBe(0);
  });

  it("whose answer was lost sends pruned events once more: none is counted twice, and it has no flag", async () => {
    const { server, prune } = await site(0);
    const laptop = await server.machine();
    for (let event = 0; event < 20; event++)
      laptop.event("sign-in-granted", { user: "alice", offline: true });
    expect((await laptop.ask("sync", laptop.syncRequest())).eventsThrough).toBe(20);
    server.clock.pass(60 * dayMs);
    await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "used", {})));
    await prune(server.clock.nowMs - 30 * dayMs);
    expect(await server.store.db.selectFrom("events").select("line").distinct().execute()).toEqual([
      { line: "" },
    ]);
    laptop.event("sign-in-granted", { user: "bob", offline: true });
    expect((await laptop.ask("sync", laptop.syncRequest(1))).eventsThrough).toBe(21);
    expect((await laptop.ask("sync", laptop.syncRequest(9))).eventsThrough).toBe(21);
    const told = (await server.audit()).filter(({ source }) => source === "machine");
    expect(told.map(({ user }) => user)).toEqual(["bob"]);
    expect(await flags(server, laptop)).toEqual([]);
  });

  it("that tells pruned events in other words is flagged as before", async () => {
    const { server, prune } = await site(0);
    const laptop = await server.machine();
    laptop.event("sign-in-granted", { user: "alice" });
    laptop.event("server-unreachable");
    await laptop.ask("sync", laptop.syncRequest());
    server.clock.pass(60 * dayMs);
    await server.store.write((tx) => record(tx, serverEntry(server.clock.nowMs, "used", {})));
    await prune(server.clock.nowMs - 30 * dayMs);
    laptop.lines.length = 0;
    laptop.event("sign-in-granted", { user: "mallory" });
    laptop.event("server-reachable");
    await laptop.ask("sync", laptop.syncRequest(1));
    expect(await flags(server, laptop)).toEqual(["event-fork"]);
  });
});
