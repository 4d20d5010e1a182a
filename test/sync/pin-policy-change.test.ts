// What policy says of PINs changes while machines are away: each goes by what it has heard, and by all of it.

import { afterEach, expect, test } from "vitest";
import { setPin } from "../server/pins.ts";
import { fine, House, said, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;

afterEach(() => house.tearDown());

async function enrolledUnder(place: string, ...more: string[]) {
  house = await House.build(["policy", "set", `pin.place=${place}`, "lockout.failures=0", ...more]);
  alice = await house.user("alice");
  await setPin({ ...house.server, clock: house.clock }, "alice", "9946");
  await house.join();
  const first =
    { none: alice.code(), before: `9946${alice.code()}`, after: `${alice.code()}9946` }[place] ?? "";
  expect(said(await house.agent.signIn("alice", [first]))).toBe("granted online by totp");
}

async function away(is: boolean): Promise<void> {
  house.line = is ? storm("unreachable") : fine;
  await house.agent.online.probe();
}

/** Each with a code of its own. */
async function verdicts(): Promise<string[]> {
  const seen: string[] = [];
  for (const typed of [
    (code: string) => code,
    (code: string) => `9946${code}`,
    (code: string) => `${code}9946`,
  ]) {
    await house.clock.advance(30_000);
    seen.push(said(await house.agent.signIn("alice", [typed(alice.code())])).split(" ")[0] ?? "");
  }
  return seen;
}

/** Of the code alone, the PIN before it, the PIN behind it. */
const takes = {
  none: ["granted", "denied", "denied"],
  before: ["denied", "granted", "denied"],
  after: ["denied", "denied", "granted"],
};

test.each([
  ["none", "before"],
  ["none", "after"],
  ["before", "after"],
  ["after", "before"],
  ["before", "none"],
  ["after", "none"],
] as const)("pin.place=%s holds offline until a sync, then %s", async (old, fresh) => {
  await enrolledUnder(old);
  await house.admin("policy", "set", `pin.place=${fresh}`);
  await away(true);
  expect(await verdicts()).toEqual(takes[old]);
  await away(false);
  expect(await verdicts()).toEqual(takes[fresh]);
  await house.agent.actions.sync();
  await away(true);
  expect(await verdicts()).toEqual(takes[fresh]);
});

test("a PIN that is taken away, or locked, ends offline use with the next sync", async () => {
  await enrolledUnder("before", "pin.attempts=1");
  await house.clock.advance(30_000);
  expect(said(await house.agent.signIn("alice", [`1357${alice.code()}`]))).toBe("denied");
  await house.agent.actions.sync();
  await away(true);
  expect(await verdicts()).toEqual(["unavailable", "unavailable", "unavailable"]);
  await away(false);
  await house.admin("user", "pin", "reset", "alice");
  expect(await verdicts()).toEqual(["denied", "denied", "denied"]);
  await away(true);
  expect(await verdicts()).toEqual(["unavailable", "unavailable", "unavailable"]);
});

test("many PINs at once offline, each with the right code, are no more guesses than one after another", async () => {
  await enrolledUnder("before", "guessLimit=4");
  await house.clock.advance(30_000);
  await away(true);
  const code = alice.code();
  const pins = Array.from({ length: 15 }, (_, at) => String(1_350 + at));
  const seen = await Promise.all(
    [...pins, "9946"].map(async (pin) => said(await house.agent.signIn("alice", [pin + code])).split(" ")[0]),
  );
  expect(seen.filter((word) => word === "denied").length).toBeLessThanOrEqual(4);
  expect(seen.filter((word) => word === "granted").length).toBeLessThanOrEqual(1);
  expect(said(await house.agent.signIn("alice", [`1357${code}`]))).toBe("unavailable");
});
