// The audit at the command line, narrowed.

import { expect, it } from "vitest";
import { secondMs } from "../../words/clock.ts";
import { commandLine } from "./command-line.ts";

const kinds = (entries: readonly { kind: string }[]) => entries.map(({ kind }) => kind);

it("the audit is narrowed by kind, by whose hand it was and by time", async () => {
  const { json } = commandLine();
  await json("user", "add", "alice");
  await json("user", "disable", "alice");
  const [added] = await json("audit", "--kind", "user-added");
  expect(added).toMatchObject({ kind: "user-added", user: "alice" });
  expect(await json("audit", "--kind", "user-ad")).toEqual([]);
  expect(kinds(await json("audit", "--by", "Command Line"))).toEqual(["user-added", "user-disabled"]);
  expect(await json("audit", "--by", "console:")).toEqual([]);

  const day = added.at.slice(0, 10);
  const kindsOfDay = kinds(await json("audit", "--from", day, "--until", day));
  expect(kindsOfDay).toEqual(["user-added", "user-disabled"]);
  expect(await json("audit", "--until", `${day}T00:00`)).toEqual([]);
  expect(kinds(await json("audit", "--from", added.at, "--limit", "1"))).toEqual(["user-disabled"]);
  expect(await json("audit", "--from", "2100-01-01")).toEqual([]);
});

it("the time that a table for people prints is taken as it stands", async () => {
  const { call, clock, json } = commandLine();
  const printed = async () => (await call("audit")).out.trim().split("\n").at(-1)?.split(/ {2,}/)[0] ?? "";
  await json("user", "add", "alice");
  const first = await printed();
  expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  clock.pass(secondMs);
  await json("user", "add", "bob");
  const next = await printed();
  expect(next).not.toBe(first);
  const users = async (...narrowed: string[]) =>
    (await json("audit", "--kind", "user-added", ...narrowed)).map(({ user }: { user: string }) => user);
  for (const time of [
    next,
    next.replace(" UTC", ""),
    next.replace(" UTC", "Z"),
    `${next.slice(0, -4)}+00:00`,
  ]) {
    expect([time, await users("--from", time)]).toEqual([time, ["bob"]]);
    expect([time, await users("--until", time)]).toEqual([time, ["alice"]]);
  }
  expect(await users("--from", first)).toEqual(["alice", "bob"]);
});

it.each(["yesterday", "2026-13-01", "2026-02-30", "2026-11-27 8:00", ""])("%j is no time", async (time) => {
  const { code, err } = await commandLine().call("audit", "--from", time);
  expect(code).toBe(2);
  expect(err).toContain('give 2026-11-27, 2026-11-27T08:00 or "2026-11-27 08:00:00", in UTC');
});
