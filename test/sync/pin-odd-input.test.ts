// Odd things typed for a PIN and a code come to the same with the server and without it.

import { afterEach, expect, test } from "vitest";
import { setPin } from "../server/pins.ts";
import { fine, House, said, storm } from "./house.ts";

let house: House;

afterEach(() => house.tearDown());

/** What stands for the PIN, and what for the code; put into policy's order below. */
type Typed = (pin: string, code: string) => readonly [string, string];

const wide = (digits: string) =>
  digits.replaceAll(/\d/g, (one) => String.fromCodePoint(0xff10 + Number(one)));

/** What apps show codes with is left out wherever it stands. */
const meansTheSame: readonly Typed[] = [
  (pin, code) => [`${pin} `, ` ${code.slice(0, 3)} ${code.slice(3)} `],
  (pin, code) => [`-${pin}-`, code],
  (pin, code) => [`\ufeff${pin}\u00a0`, `${code}\u2028\r\n`],
  (pin, code) => [pin, `${" \t\v-".repeat(120)}${code}`],
];

const isWrong: readonly Typed[] = [
  (pin, code) => [wide(pin), code],
  (pin, code) => [pin, wide(code)],
  (pin, code) => [pin.replace("9", "\u0669"), code],
  (pin, code) => [`${pin}\u0301`, code],
  (pin, code) => [`${pin}\u200b`, code],
  (pin, code) => [pin, `\u2212${code}`],
  (pin, code) => [pin, `${code}\u{1d7d2}`],
  (pin, code) => [`${pin}0`, code],
  (pin, code) => [`0${pin}`, code],
  (pin, code) => [pin + pin, code],
  (pin, code) => [pin, code + code],
  (pin, code) => [pin, code.slice(1)],
  (pin, code) => [pin.slice(1), code],
  (pin, code) => [pin.toLowerCase(), code],
  (pin, code) => [code, pin],
  (pin) => [pin, ""],
  () => [" - ", ""],
];

test.each(["before", "after"] as const)("a PIN %s the code", async (place) => {
  house = await House.build([
    "policy",
    "set",
    `pin.place=${place}`,
    "pin.attempts=100",
    "lockout.failures=0",
    "guessLimit=10000",
  ]);
  const alice = await house.user("alice");
  // A second length of code, so that what is typed can be cut in two ways.
  await house.admin("authenticator", "add", "hotp", "alice", "--digits", "8");
  const pin = "9Z46";
  await setPin({ ...house.server, clock: house.clock }, "alice", pin);
  await house.join();
  const order = (typed: Typed) => {
    const [first, second] = typed(pin, alice.code());
    return place === "before" ? first + second : second + first;
  };
  expect(said(await house.agent.signIn("alice", [order((one, other) => [one, other])]))).toBe(
    "granted online by totp",
  );
  for (const [list, verdict] of [
    [meansTheSame, "granted"],
    [isWrong, "denied"],
  ] as const)
    for (const [at, typed] of list.entries()) {
      await house.clock.advance(30_000);
      const online = said(await house.agent.signIn("alice", [order(typed)]));
      house.line = storm("unreachable");
      await house.agent.online.probe();
      await house.clock.advance(30_000);
      const offline = said(await house.agent.signIn("alice", [order(typed)]));
      house.line = fine;
      await house.agent.online.probe();
      expect([at, online.split(" ")[0], offline.split(" ")[0]]).toEqual([at, verdict, verdict]);
    }
});
