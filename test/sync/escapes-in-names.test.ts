// What a person types for a name may look like an escape of JSON. It is text like any other: anybody can type it at a prompt,
// and it must not stand in the way of what the machine tells the server.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fine, House, said, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  await house.join();
  await house.agent.signIn("alice", [alice.code()]);
});

afterEach(() => house.tearDown());

describe.each(["x\\u0000y", "CORP\\u0000bob", "x\\\\u0000y"])("somebody who says to be %s", (name) => {
  test("is judged by the server like anybody else", async () => {
    expect(said(await house.agent.signIn(name, ["123456"]))).toBe("denied");
  });

  test("is in the audit with the next sync, when the server was out of reach", async () => {
    house.line = storm("unreachable");
    await house.agent.online.probe();
    await house.agent.signIn(name, ["123456"]);
    house.line = fine;
    await house.agent.online.probe();
    await house.agent.actions.sync();
    const audit = (await house.admin("audit")) as { kind: string; user: string | null }[];
    expect(audit.filter(({ user }) => user === name)).toMatchObject([{ kind: "sign-in-unavailable" }]);
  });
});
