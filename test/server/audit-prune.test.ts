// Entries of the audit that are old are removed: by hand, and by the running server.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { record, serverEntry } from "../../server/audit/audit.ts";
import { followAudit } from "../../server/audit/follow.ts";
import { pruneAudit, removeSpan, spanBefore } from "../../server/audit/prune.ts";
import { setRetention } from "../../server/audit/retention.ts";
import { AuditRetention } from "../../server/audit/retention-schedule.ts";
import { eachOfAudit } from "../../server/audit/search.ts";
import { isoTime } from "../../server/iso-time.ts";
import type { Store } from "../../server/store/store.ts";
import { dayMs, hourMs } from "../../words/clock.ts";
import { commandLineAt } from "./command-line.ts";
import { FakeClock, flags, startMs, temporaryFolder, testServer } from "./fixture.ts";
import { anotherInstance } from "./mail/instance.ts";

const log = pino({ level: "silent" });

async function write(store: Store, kind: string, atMs: number, count = 1) {
  await store.write(async (tx) => {
    for (let entry = 0; entry < count; entry++) await record(tx, serverEntry(atMs + entry, kind, {}));
  });
}

/** Entries of half a year ago, of last week and of now; `more` between them. */
async function site(old = 3, more: (store: Store) => Promise<void> = async () => undefined) {
  const server = await testServer();
  await write(server.store, "old", startMs - 180 * dayMs, old);
  await more(server.store);
  await write(server.store, "lately", startMs - 8 * dayMs);
  await write(server.store, "new", startMs, 2);
  const line = commandLineAt(server.clock, server.data);
  if (server.postgresUrl !== undefined) line.environment["NIGHTLATCH_DATABASE"] = server.postgresUrl;
  const count = async (kind: string) => {
    const rows = await server.store.db.selectFrom("audit").select("id").where("kind", "=", kind).execute();
    return rows.length;
  };
  return { server, line, count };
}

/** Nobody waits for time to go by. */
function quick(from: FakeClock, onSleep: (ms: number) => void = () => undefined) {
  return Object.assign(new FakeClock(), { nowMs: from.nowMs, sleep: async (ms: number) => onSleep(ms) });
}

describe("audit prune", () => {
  it("says what would go, then removes it, and the audit says by whose hand", async () => {
    const { server, line, count } = await site();
    const [from, through] = [isoTime(startMs - 180 * dayMs), isoTime(startMs - 180 * dayMs + 2)];
    const span = { before: isoTime(startMs - 90 * dayMs), entries: 3, from, through, archive: null };
    expect(await line.json("audit", "prune", "--before", "90d", "--dry-run")).toEqual({
      dryRun: true,
      ...span,
    });
    expect([await count("old"), await count("audit-pruned")]).toEqual([3, 0]);
    expect((await line.call("audit", "prune", "--before", "90d", "--dry-run")).out).toBe(
      "3 entries, of 2025-09-02 12:00:00 UTC to 2025-09-02 12:00:00 UTC, would be removed; nothing was\n",
    );
    expect(await line.json("audit", "prune", "--before", "2025-12-01")).toMatchObject({
      dryRun: false,
      entries: 3,
    });
    expect([await count("old"), await count("new")]).toEqual([0, 2]);
    expect((await server.audit()).find(({ kind }) => kind === "audit-pruned")).toMatchObject({
      operator: "command line: tester",
      detail: { before: "2025-12-01T00:00:00.000Z", entries: 3, from, through },
    });
    expect((await line.call("audit", "prune", "--before", "90d")).out).toBe(
      "no entry came before 2025-12-01 12:00:00 UTC\n",
    );
    expect(await count("audit-pruned")).toBe(1);
  });

  it("writes what it removes into a new file first, for its owner alone", async () => {
    const { line, count } = await site(1_200);
    const entries = await line.json("audit", "--kind", "old", "--limit", "2000");
    const folder = temporaryFolder();
    const path = join(folder, "2025.jsonl");
    // One that is there, and one that can't be written: nothing goes.
    writeFileSync(path, "kept");
    for (const archive of [path, join(folder, "none", "2025.jsonl")])
      expect((await line.call("audit", "prune", "--before", "90d", "--archive", archive)).code).toBe(1);
    expect([readFileSync(path, "utf8"), await count("old")]).toEqual(["kept", 1_200]);
    // So does one that somebody is writing, or that was cut off.
    writeFileSync(join(folder, "cut.jsonl.part"), "half");
    const refused = await line.call(
      "audit",
      "prune",
      "--before",
      "90d",
      "--archive",
      join(folder, "cut.jsonl"),
    );
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("left over")]);

    const fresh = join(folder, "fresh.jsonl");
    // The clock of this command line does not sleep between two looks.
    expect((await line.call("audit", "prune", "--before", "90d", "--archive", fresh)).code).toBe(1);
    expect([existsSync(fresh), await count("old")]).toEqual([false, 1_200]);
    // Whoever is cut off here leaves nothing that looks like an archive.
    const meanwhile = new Set<boolean>();
    const clock = quick(new FakeClock(), () => {
      if (existsSync(`${fresh}.part`)) meanwhile.add(existsSync(fresh));
    });
    const patient = commandLineAt(clock, line.data);
    Object.assign(patient.environment, line.environment);
    const said = await patient.json("audit", "prune", "--before", "90d", "--archive", fresh);
    expect(said).toMatchObject({ entries: 1_200, archive: fresh });
    expect([...meanwhile, existsSync(`${fresh}.part`)]).toEqual([false, false]);
    const lines = readFileSync(fresh, "utf8").trimEnd().split("\n");
    expect(lines.map((one) => JSON.parse(one))).toEqual(entries);
    expect([statSync(fresh).mode & 0o777, await count("old")]).toEqual([0o600, 0]);
  });

  it.each([
    [["prune"], "--before"],
    [["prune", "--before", "soon"], "give 90d"],
    [["prune", "--before", "90d", "--dry-run", "--archive", "x"], "give one of them"],
    [["prune", "--before", "90d", "--user", "alice"], "it has no --user"],
    [["--user", "alice", "prune", "--before", "90d"], "it has no --user"],
    [["retention", "set", "--keep", "29d"], "from 30d to 36500d"],
    [["retention", "set", "--keep", "0"], "give forever"],
    [["retention", "set"], "--keep"],
    [["retention", "set", "--keep", "400d", "--user", "alice"], "it has no --user"],
  ])("does nothing for %j", async (args, why) => {
    const { line, count } = await site();
    const seen = await line.call("audit", ...args);
    expect([seen.code, seen.err]).toEqual([2, expect.stringContaining(why)]);
    expect(await count("old")).toBe(3);
  });

  it.each([[["prune"]], [["retention", "set"]], [["retention", "show"]]])(
    "%j does not offer in its help what narrows a list",
    async (names) => {
      const { out } = await commandLineAt(new FakeClock(), "", false, false).call(
        "audit",
        ...names,
        "--help",
      );
      expect(out).toMatch(/Global Options:.* --json /s);
      expect(out).not.toMatch(/--(user|kind|follow) /);
    },
  );

  it("goes on in small writes, with a pause as long as each, and can be ended between them", async () => {
    const { server, count } = await site(1_700);
    const told: string[] = [];
    const stop = new AbortController();
    const clock = quick(server.clock, (ms) => {
      if (ms === 1) return;
      told.push(`pause ${ms}`);
      if (told.length === 5) throw new Error("told to end");
    });
    const store: Store = {
      ...server.store,
      write: async (work) => {
        const done = await server.store.write(work);
        clock.pass(50);
        return done;
      },
    };
    const onRemoved = (entries: number, of: number) => told.push(`${entries} of ${of}`);
    await expect(
      pruneAudit(store, startMs - 90 * dayMs, { clock, stop: stop.signal, onRemoved }),
    ).rejects.toThrow("told to end");
    expect(told).toEqual(["pause 50", "500 of 1700", "pause 50", "1000 of 1700", "pause 50"]);
    expect([await count("old"), await count("audit-pruned")]).toEqual([200, 1]);
    await pruneAudit(server.store, startMs - 90 * dayMs, { clock: quick(clock), stop: stop.signal });
    expect([await count("old"), await count("audit-pruned")]).toEqual([0, 2]);
  });

  it("counts what it removed itself, where two do it at the same time", async () => {
    const { server, count } = await site(1_700, (store) =>
      write(store, "newer", startMs - 60 * dayMs, 1_700),
    );
    const { store } = await anotherInstance(server);
    const pace = { clock: quick(server.clock), stop: new AbortController().signal };
    // All of it goes between the look and the removal of this one.
    const span = await spanBefore(server.store.db, startMs - 90 * dayMs, pace);
    expect((await pruneAudit(store, startMs - 90 * dayMs, pace)).entries).toBe(1_700);
    expect((await removeSpan(server.store, startMs - 90 * dayMs, span, pace)).entries).toBe(0);
    expect([await count("old"), await count("audit-pruned")]).toEqual([0, 1]);
    const both = [server.store, store].map((one) => pruneAudit(one, startMs - 30 * dayMs, pace));
    const [one, other] = await Promise.all(both);
    expect([(one?.entries ?? 0) + (other?.entries ?? 0), await count("newer")]).toEqual([1_700, 0]);
  });

  it("keeps of what machines sent only what tells a repeated event from a new one", async () => {
    const { server } = await site();
    const laptop = await server.machine();
    for (let event = 0; event < 700; event++) laptop.event("sign-in-granted", { user: "alice" });
    for (const from of [1, 401]) {
      const request = laptop.syncRequest(from);
      const events = { ...request.events, lines: request.events.lines.slice(0, 400) };
      await laptop.ask("sync", { ...request, events });
    }
    const quiet = await server.machine("quiet");
    quiet.event("sign-in-granted", { user: "bob" });
    server.clock.pass(60 * dayMs);
    await quiet.sync();
    const lines = () =>
      server.store.db.selectFrom("events").select(["sequence", "line"]).orderBy("sequence").execute();
    expect(await lines()).toHaveLength(701);
    await pruneAudit(server.store, server.clock.nowMs - 30 * dayMs, {
      clock: quick(server.clock),
      stop: new AbortController().signal,
    });
    const left = await lines();
    expect(left.filter(({ line }) => line !== "")).toEqual([{ sequence: 1, line: quiet.lines[0] }]);
    expect(left.slice(1).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 501 }, (_, at) => 200 + at),
    );
    // As far back as a machine can ask whose answer was lost.
    const request = laptop.syncRequest(201);
    expect((await laptop.ask("sync", { ...request })).eventsThrough).toBe(700);
    expect(await flags(server, laptop)).toEqual([]);
  });
});

describe("who reads meanwhile", () => {
  it("follows what comes, and finds the end of a list that grows shorter", async () => {
    const { server } = await site(2_500);
    const stop = new AbortController();
    let looks = 0;
    const looking = quick(server.clock, () => {
      if (++looks === 10) stop.abort();
    });
    const following = followAudit(server.store, { limit: 1 }, looking, stop.signal);
    const next = async () => ((await following.next()).value ?? []).map(({ kind }: { kind: string }) => kind);
    expect(await next()).toEqual(["new"]);
    const all = { user: "", machine: "", kind: "", operator: "" };
    const reading = eachOfAudit(server.store.db, all);
    const read = [(await reading.next()).value?.kind];
    await pruneAudit(server.store, startMs - 90 * dayMs, { clock: quick(server.clock), stop: stop.signal });
    for await (const { kind } of reading) read.push(kind);
    expect(read.slice(0, 2)).toEqual(["new", "new"]);
    expect(read).toHaveLength(1_000);
    expect(await next()).toEqual(["audit-pruned"]);
    stop.abort();
  });
});

describe("the running server", () => {
  it("removes nothing unless it is told to", async () => {
    const { server, count } = await site();
    const retention = new AuditRetention({ ...server, log });
    for (let day = 0; day < 20; day++) {
      server.clock.pass(dayMs);
      await retention.tick();
    }
    expect(await count("old")).toBe(3);
    expect(await server.store.db.selectFrom("notices").selectAll().execute()).toEqual([]);
  });

  it("prunes once a day, from a week after it was told to, by one of two instances", async () => {
    const { server, line, count } = await site(3, async (store) => {
      await write(store, "due-later", startMs - 92.5 * dayMs);
      await write(store, "due-last", startMs - 90 * dayMs);
    });
    const other = await anotherInstance(server);
    const both = [server, other].map(({ store }) => new AuditRetention({ store, clock: server.clock, log }));
    const hour = async () => {
      server.clock.pass(hourMs);
      await Promise.all(both.map((one) => one.tick()));
    };
    const hours = async (number: number) => {
      for (let at = 0; at < number; at++) await hour();
    };
    expect(await line.json("audit", "retention", "show")).toEqual({ keepDays: 0, begins: null });
    const set = await line.call("audit", "retention", "set", "--keep", "100d");
    expect(set.out).toContain(
      "kept for 100 days; the running server removes older ones once a day, from 7 days after",
    );
    await hours(1);
    const begins = isoTime(startMs + hourMs + 7 * dayMs);
    expect(await line.json("audit", "retention", "show")).toEqual({ keepDays: 100, begins });
    await hours(7 * 24 - 1);
    expect([await count("old"), await count("audit-pruned")]).toEqual([3, 0]);
    await hours(1);
    expect([await count("old"), await count("audit-pruned")]).toEqual([0, 1]);
    await write(server.store, "new", server.clock.nowMs);
    await hours(23);
    expect(await count("due-later")).toBe(1);
    await hours(1);
    expect([await count("due-later"), await count("audit-pruned"), await count("new")]).toEqual([0, 2, 3]);
    expect((await server.audit()).filter(({ kind }) => kind === "audit-pruned")).toMatchObject([
      { operator: null, detail: { entries: 3 } },
      { operator: null, detail: { entries: 1 } },
    ]);
    await line.call("audit", "retention", "set", "--keep", "forever");
    await write(server.store, "new", server.clock.nowMs);
    await hours(24 * 9);
    expect(await count("due-last")).toBe(1);
  });

  it("keeps the last entries where nobody has done anything for long, and goes on when a pass has failed", async () => {
    const { server, count } = await site(0);
    await server.store.write((tx) => setRetention(tx, { keepDays: 30 }, startMs));
    let fails = true;
    const store: Store = {
      ...server.store,
      write: (work) => (fails ? Promise.reject(new Error("no disk")) : server.store.write(work)),
    };
    const retention = new AuditRetention({ store, clock: server.clock, log });
    await retention.tick();
    fails = false;
    const pass = async (days: number) => {
      for (let day = 0; day < days; day++) {
        server.clock.pass(dayMs);
        await retention.tick();
      }
    };
    await pass(60);
    // A pruning does not count as something done, or each would let the next one go further.
    expect([await count("lately"), await count("new"), await count("audit-pruned")]).toEqual([0, 2, 1]);
    await write(server.store, "newer", server.clock.nowMs);
    await pass(1);
    expect([await count("new"), await count("newer"), await count("audit-pruned")]).toEqual([0, 1, 1]);
  });
});

it("a script that sets every day what is set already does not put it off", async () => {
  const { server, count } = await site();
  const retention = new AuditRetention({ ...server, log });
  for (let day = 0; day < 9; day++) {
    await server.store.write((tx) => setRetention(tx, { keepDays: 100 }, server.clock.nowMs));
    await retention.tick();
    server.clock.pass(dayMs);
  }
  expect(await count("old")).toBe(0);
});

it("a setting that can't be read prunes nothing", async () => {
  const { server, count } = await site();
  await server.store.write((tx) => setRetention(tx, { keepDays: 30 }, startMs));
  await server.store.db.updateTable("settings").set({ content: "{}" }).execute();
  const retention = new AuditRetention({ ...server, log });
  for (let day = 0; day < 20; day++) {
    server.clock.pass(dayMs);
    await retention.tick();
  }
  expect(await count("old")).toBe(3);
});
