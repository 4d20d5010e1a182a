// `user pin`: a PIN is read, never given as an argument, and told to nobody.

import { describe, expect, it } from "vitest";
import { commandLine } from "./command-line.ts";

async function alice() {
  const cli = commandLine();
  await cli.call("user", "add", "alice");
  return cli;
}

describe("user pin set", () => {
  it("keeps what was typed, and says nothing of it", async () => {
    const cli = await alice();
    cli.typed.push("9946");
    const set = await cli.call("user", "pin", "set", "alice");
    expect(set).toEqual({ code: 0, out: "set a PIN for alice\n", err: "" });
    expect(cli.questions).toEqual(["PIN for alice: "]);
    expect(await cli.json("user", "pin", "show-state", "alice")).toEqual({
      user: "alice",
      state: "set",
      setAt: "2026-03-01T12:00:00.000Z",
      wrongInARow: 0,
      asked: false,
    });
    expect((await cli.call("audit", "--json")).out).toContain("pin-set");
    expect((await cli.call("audit", "--json")).out).not.toContain("9946");
  });

  it.each([
    ["8765", [], "too easily guessed"],
    ["994", [], "at least 4 characters"],
    ["994612345", [], "at most 8 characters"],
    ["99 46", [], "nothing else"],
    ["99465", ["pin.leastLength=6"], "at least 6 characters"],
    ["994657", ["pin.complexity=strong"], "a capital letter, a small letter and a digit"],
    ["", [], "no PIN was given"],
  ])("refuses %j under %j, says which rule it breaks and not what was typed", async (pin, rules, why) => {
    const cli = await alice();
    await cli.call("policy", "set", "pin.place=after", ...rules);
    if (pin !== "") cli.typed.push(pin);
    const { code, out, err } = await cli.call("user", "pin", "set", "alice");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(why);
    if (pin.length > 3) expect(err).not.toContain(pin);
    expect(await cli.json("user", "pin", "show-state", "alice")).toMatchObject({
      state: "none",
      asked: true,
    });
  });

  it("takes no PIN as an argument", async () => {
    const cli = await alice();
    expect((await cli.call("user", "pin", "set", "alice", "9946")).code).toBe(2);
    expect(cli.questions).toEqual([]);
  });

  it("makes one that keeps the policy, shows it once, and wants it changed", async () => {
    const cli = await alice();
    await cli.call("policy", "set", "pin.place=after", "pin.complexity=strong", "pin.leastLength=8");
    const { pin } = await cli.json("user", "pin", "set", "alice", "--generate");
    expect(pin).toMatch(/^(?=.*[A-Z])(?=.*[a-z])(?=.*\d)[A-Za-z0-9]{8}$/);
    expect(await cli.json("user", "pin", "show-state", "alice")).toMatchObject({ state: "must-change" });
    expect((await cli.call("audit", "--json")).out).not.toContain(pin);
  });

  it("goes by the strictest policy that can hold for the user on some machine", async () => {
    const cli = await alice();
    await cli.call("user", "group", "add", "alice", "staff");
    await cli.call(
      "policy",
      "set",
      "--group",
      "staff",
      "--tag",
      "vault",
      "pin.place=before",
      "pin.leastLength=6",
    );
    await cli.call("policy", "set", "--group", "others", "pin.place=before", "pin.leastLength=8");
    for (const [pin, code] of [
      ["99465", 1],
      ["994657", 0],
    ] as const) {
      cli.typed.push(pin);
      expect((await cli.call("user", "pin", "set", "alice")).code).toBe(code);
    }
  });
});

it("user pin reset takes it away, and says when there is none", async () => {
  const cli = await alice();
  expect(await cli.call("user", "pin", "reset", "alice")).toMatchObject({
    code: 1,
    err: "nightlatch-server: alice has no PIN\n",
  });
  cli.typed.push("9946");
  await cli.call("user", "pin", "set", "alice");
  expect(await cli.json("user", "pin", "reset", "alice")).toEqual({ user: "alice", done: "reset" });
  expect(await cli.json("user", "pin", "show-state", "alice")).toMatchObject({ state: "none" });
  expect((await cli.call("user", "pin", "show-state", "bob")).code).toBe(1);
});

it("whoever sets or looks at a policy that asks for a PIN is told how many have none", async () => {
  const cli = await alice();
  await cli.call("user", "add", "bob", "--group", "staff");
  const warned = async (...args: string[]) => (await cli.json("policy", ...args)).warnings as string[];
  expect(await warned("set", "pin.place=before")).toEqual([expect.stringContaining("2 users have none")]);
  expect(await warned("preview", "set", "--group", "staff", "pin.place=before")).toEqual([
    expect.stringContaining("1 user has none"),
  ]);
  for (const name of ["alice", "bob"]) {
    cli.typed.push("9946");
    await cli.call("user", "pin", "set", name);
  }
  expect(await warned("set", "pin.place=after")).toEqual([]);
});
