// What can be typed can be sent, and looks like whatever else is typed.

import { afterEach, beforeEach, expect, test } from "vitest";
import { setPin } from "../server/pins.ts";
import { House, said, type Token } from "./house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build([
    "policy",
    "set",
    "pin.place=before",
    "online.factors=totp,backup-codes",
    "offline.factors=totp,backup-codes",
  ]);
  alice = await house.user("alice");
  await setPin({ ...house.server, clock: house.clock }, "alice", "9946");
});

afterEach(() => house.tearDown());

// An answer that the server would not read would be judged by an older bundle, as if the server were out of reach.
test("answers as long as a dialogue takes them, of characters that take most room, are the server's to judge", async () => {
  const { codes } = (await house.admin("authenticator", "add", "backup-codes", "alice")) as {
    codes: string[];
  };
  await house.join();
  const [first = "", second = ""] = codes;
  expect(said(await house.agent.signIn("alice", [`9946${alice.code()}`, first]))).toContain("granted online");
  await house.clock.advance(30_000);
  await setPin({ ...house.server, clock: house.clock }, "alice", "35791");
  // Taken for white space by both sides.
  const filled = (text: string) => text.padEnd(512, "\v");
  const outcome = await house.agent.signIn("alice", [filled(`9946${alice.code()}`), filled(second)]);
  expect(said(outcome)).toBe("denied");
});

test("what goes over the line is as long for every answer: none, a code, one with a PIN of whatever length, a backup code", async () => {
  await house.admin("policy", "set", "online.factors=totp", "offline.factors=totp", "lockout.failures=0");
  await house.join();
  const lengths = new Set<number>();
  for (const typed of ["", "123456", "1357123456", "13579246123456", "ABCD-EFGH-JKM", "9946 123 456"]) {
    await house.agent.signIn("alice", [typed]);
    const asked = house.heard.findLast(({ path }) => path === "/v1/verify");
    lengths.add(JSON.parse(Buffer.from(asked?.body ?? []).toString("utf8")).sealedAnswers.length);
  }
  expect(lengths.size).toBe(1);
});
