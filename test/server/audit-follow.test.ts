// `audit --follow`: every entry once, also those that are written side by side, until one is told to end.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ListedEntry, record, serverEntry } from "../../server/audit/audit.ts";
import { followAudit } from "../../server/audit/follow.ts";
import type { Store } from "../../server/store/store.ts";
import { FakeClock, temporaryFolder, testServer } from "./fixture.ts";
import { ownPostgres } from "./postgres/own.ts";
import { compiled, run } from "./process.ts";
import { databaseFor } from "./postgres/databases.ts";

/** A follower that looks when it is told to, and never waits. */
function follower(store: Store, filter: { limit: number; kind?: string; operator?: string }) {
  const slept = Promise.withResolvers<void>();
  const sleep = async () => slept.resolve();
  const clock = Object.assign(new FakeClock(), { sleep });
  const stop = new AbortController();
  const entries = followAudit(store, filter, clock, stop.signal);
  onTestFinished(() => stop.abort());
  const next = async () => {
    const { value } = (await entries.next()) as { value: readonly ListedEntry[] };
    return value.map(({ kind }) => kind);
  };
  /** Once it has looked and found nothing to tell. */
  return Object.assign(next, { slept: slept.promise });
}

const entry = (kind: string) => serverEntry(1, kind, {});

describe("who follows the audit", () => {
  it("is given the newest ones, then each that comes, narrowed, and waits without a word", async () => {
    const server = await testServer();
    const write = (...kinds: string[]) =>
      server.store.write(async (tx) => {
        for (const kind of kinds) await record(tx, entry(kind));
      });
    await write("a", "b", "c");
    const [all, some] = [
      follower(server.store, { limit: 2 }),
      follower(server.store, { limit: 2, kind: "c" }),
    ];
    expect([await all(), await some()]).toEqual([["b", "c"], ["c"]]);
    await write("d", "c");
    await write("e");
    expect([await all(), await some()]).toEqual([["d", "c", "e"], ["c"]]);
    await write(...Array.from({ length: 1_500 }, () => "many"));
    const [first, second] = [await all(), await all()];
    expect([first?.length, second?.length]).toEqual([1_000, 500]);
  });

  it("begins with nothing where nothing is like that", async () => {
    const server = await testServer();
    const next = follower(server.store, { limit: 10, kind: "x" });
    expect(await next()).toEqual([]);
    await server.store.write((tx) => record(tx, entry("x")));
    expect(await next()).toEqual(["x"]);
  });
});

describe("on PostgreSQL", () => {
  const postgres = ownPostgres();

  /** An exchange of its own machine that has written its entry, and commits or fails when it is told to. */
  function written(kind: string) {
    const store = postgres.store();
    const [wrote, may] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const done = store.exchange({ machine: kind, users: [] }, async (tx) => {
      await record(tx, entry(kind));
      // Read, so that what was sent ahead is there.
      await tx.selectFrom("audit").select("id").limit(1).execute();
      wrote.resolve();
      await may.promise;
    });
    done.catch(() => undefined);
    return {
      done,
      wrote: wrote.promise,
      commit: () => may.resolve(),
      fail: () => may.reject(new Error("no")),
    };
  }

  it("an entry that commits after a later one is neither lost nor told twice", async () => {
    const store = postgres.store();
    const early = written("early");
    await early.wrote;
    const late = written("late");
    await late.wrote;
    late.commit();
    await late.done;
    const begun = follower(store, { limit: 10 });
    const first = begun();
    early.commit();
    await early.done;
    expect(await first).toEqual(["early", "late"]);

    const slow = written("slow");
    await slow.wrote;
    const quick = written("quick");
    await quick.wrote;
    quick.commit();
    await quick.done;
    const next = begun();
    await begun.slept;
    slow.commit();
    await slow.done;
    const told = [await next];
    while (told.flat().length < 2) told.push(await begun());
    expect(told.flat().toSorted()).toEqual(["quick", "slow"]);
    await store.write((tx) => record(tx, entry("after")));
    expect(await begun()).toEqual(["after"]);
  });

  it("a number that was rolled back holds nothing up", async () => {
    const store = postgres.store();
    const next = follower(store, { limit: 1 });
    await next();
    const gone = written("gone");
    await gone.wrote;
    await store.exchange({ machine: "other", users: [] }, (tx) => record(tx, entry("other")));
    gone.fail();
    await expect(gone.done).rejects.toThrow("no");
    expect(await next()).toEqual(["other"]);
  });
});

describe("audit --follow", () => {
  const program = fileURLToPath(new URL("../../scripts/nightlatch-server", import.meta.url));

  async function following(...args: string[]) {
    const data = join(temporaryFolder(), "data");
    const cli = (...more: string[]) => run(["--data", data, ...more]);
    await cli("init");
    await cli("user", "add", "alice");
    const url = await databaseFor(data);
    const env = { ...process.env, ...compiled, ...(url === undefined ? {} : { NIGHTLATCH_DATABASE: url }) };
    const child: ChildProcess = spawn(program, ["--data", data, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env,
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    if (child.stdout === null || child.stderr === null) throw new Error("no pipes");
    let err = "";
    child.stderr.on("data", (chunk) => {
      err += String(chunk);
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async () => String((await lines.next()).value);
    const ended = once(child, "exit");
    return { cli, child, line, ended, said: () => err };
  }

  it("prints what comes, a line of JSON each, and ends with 0 when it is told to", async () => {
    const { cli, child, line, ended, said } = await following("--json", "audit", "--follow", "--by", "line:");
    expect(JSON.parse(await line())).toMatchObject({ kind: "user-added", user: "alice" });
    await cli("user", "disable", "alice");
    expect(JSON.parse(await line())).toMatchObject({ kind: "user-disabled", user: "alice" });
    child.kill("SIGINT");
    expect([await ended, said()]).toEqual([[0, null], ""]);
  });

  it("prints lines for people, narrowed, and ends without a word when nobody reads them any more", async () => {
    const { cli, child, line, ended, said } = await following("audit", "-f", "--kind", "user-enabled");
    expect(await line()).toMatch(/^AT +SOURCE +KIND/);
    await cli("user", "disable", "alice");
    await cli("user", "enable", "alice");
    expect(await line()).toMatch(/^\S+ \S+ UTC +server +user-enabled +alice/);
    child.stdout?.destroy();
    await cli("user", "enable", "alice");
    expect([await ended, said()]).toEqual([[0, null], ""]);
  });

  it("has no end to look for", async () => {
    const ran = await run(["--data", temporaryFolder(), "audit", "-f", "--until", "2026-11-27"]);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining("has no --until")]);
  });
});
