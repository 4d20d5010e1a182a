// What people read of a policy, at the machine.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { House, said, type Token } from "./house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice", "--group", "staff");
  await house.join();
});

afterEach(() => house.tearDown());

async function policy(...assignments: string[]): Promise<void> {
  await house.admin("policy", "set", ...assignments);
  await house.agent.actions.sync();
}

describe("a policy", () => {
  test("has texts for whom it asks: read before the first question, and when it was not granted", async () => {
    await policy("texts.login=Example Corp", "texts.help=Call 123", "texts.passwordUrl=https://id.example/");
    const wrong = await house.agent.signIn("alice", ["000000"]);
    expect(wrong.shown).toEqual(["Example Corp", "Change your password: https://id.example/", "Call 123"]);
    await house.clock.advance(30_000);
    const right = await house.agent.signIn("alice", [alice.code()]);
    expect(said(right)).toBe("granted online by totp");
    expect(right.shown).not.toContain("Call 123");
    await policy("mfa=exempt");
    expect((await house.agent.signIn("alice", [])).shown).toEqual([]);
  });

  test("is named by nightlatch explain as what each decision comes from", async () => {
    await house.admin("policy", "set", "--group", "staff", "scope=logon");
    await house.agent.actions.sync();
    const told = await house.agent.actions.explain("alice" as never, "logon");
    expect([told.policy, told.online.because]).toEqual([
      "staff",
      'the policy "staff" asks for totp or hotp or backup-codes',
    ]);
    expect((await house.agent.actions.explain("alice" as never, "remote")).online.because).toContain(
      '"staff"',
    );
  });
});
