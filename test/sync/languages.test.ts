// The same sign-in in the person's own language, as the relay tells it.

import { afterEach, expect, test } from "vitest";
import { House, said, storm } from "./house.ts";

let house: House;

afterEach(() => house.tearDown());

test("a Pole without a network is told so in Polish, and gets in", async () => {
  house = await House.build();
  const alice = await house.user("alice");
  await house.join();
  await house.agent.signIn("alice", [alice.code()]);
  await house.clock.advance(30_000);
  house.line = storm("unreachable");
  await house.agent.online.probe();
  const outcome = await house.agent.signIn("alice", [alice.code()], { lang: "pl_PL.UTF-8" });
  expect(said(outcome)).toBe("granted offline by totp");
  expect(outcome.shown).toEqual([
    "Serwer jest nieosiągalny. Logowanie bez połączenia, pozostało: 7 dni i 50 logowań.",
  ]);
  expect(outcome.asked).toEqual(["Kod jednorazowy: "]);
});

test("a German who is asked says yes with a J", async () => {
  house = await House.build(["policy", "set", "enrol=ask"]);
  const alice = await house.user("alice");
  await house.join();
  const outcome = await house.agent.signIn("alice", [alice.code(), "J"], { lang: "de_AT.UTF-8" });
  expect(outcome.asked[1]).toBe("Diesen Rechner für die Anmeldung ohne Server einrichten? [j/N] ");
  expect(outcome.shown).toEqual(["Dieser Rechner ist jetzt für die Anmeldung ohne Server eingerichtet."]);
  expect((await house.agent.actions.status()).enrolments).toHaveLength(1);
});

test("whose language nobody here speaks, or whose screen lacks its letters, is spoken to in English", async () => {
  house = await House.build();
  const alice = await house.user("alice");
  await house.join();
  for (const lang of ["nl_NL.UTF-8", "pl_PL", "%00"]) {
    const outcome = await house.agent.signIn("alice", [alice.code()], { lang });
    expect(outcome.asked).toEqual(["One-time code: "]);
    await house.clock.advance(30_000);
  }
});
