// What the command line tells people: times to the second, and where to look when it did not understand.

import { describe, expect, it } from "vitest";
import { commandLine } from "./command-line.ts";

describe("a time in a table", () => {
  it.each([["join-token", "list"], ["keys", "show"], ["authenticator", "list", "alice"], ["audit"]])(
    "is to the second and says that it is UTC: %s",
    async (...args) => {
      const { call, json, clock } = commandLine();
      await call("user", "add", "alice");
      clock.pass(1_234);
      await call("authenticator", "add", "totp", "alice");
      await call("join-token", "create");
      const { out } = await call(...args);
      expect(out).toMatch(/ ?2026-03-0\d 12:00:0\d UTC/);
      expect(out).not.toMatch(/T12:00|\.\d{3}Z/);
      expect(JSON.stringify(await json(...args))).toMatch(/"2026-03-0\dT12:00:0\d\.\d{3}Z"/);
    },
  );
});

it("a directory that is switched off is not told to be tried", async () => {
  const { call } = commandLine();
  const at = ["url=ldaps://ldap.corp.example", "userBase=ou=people,dc=corp,dc=example"];
  expect((await call("directory", "set", ...at)).out).toContain("try it: directory sync --dry-run");
  const off = await call("directory", "set", "--off");
  expect([off.code, off.out]).toEqual([0, "no directory is followed any more; users stay as they are\n"]);
});

describe("a command line that is not understood", () => {
  it.each([
    ["user add", "user add"],
    ["user add alice bob", "user add"],
    ["user add --wrong alice", "user add"],
    ["audit --limit many", "audit"],
    ["user ad alice", "user"],
    ["usr list", ""],
    ["--wrong", ""],
    ["enrolment revoke alice", "enrolment revoke"],
    ["mail queue retry", "mail queue retry"],
    ["admin role alice emperor", "admin role"],
  ])("ends with where to look: %s", async (typed, command) => {
    const { call } = commandLine();
    const { code, err, out } = await call(...typed.split(" "));
    expect([code, out]).toEqual([2, ""]);
    const path = ["nightlatch-server", ...command.split(" ")].filter((word) => word !== "").join(" ");
    expect(err.endsWith(`\nsee: ${path} --help\n`)).toBe(true);
  });

  it("is one document in JSON", async () => {
    const { err } = await commandLine().call("user", "add", "--json");
    expect(JSON.parse(err)).toEqual({
      error: { code: "usage", message: "missing required argument 'name'" },
    });
  });

  it("is told apart from what could not be done, which its own words explain", async () => {
    const { code, err } = await commandLine().call("user", "remove", "nobody");
    expect([code, err.trimEnd().split("\n").length]).toEqual([1, 1]);
  });
});
