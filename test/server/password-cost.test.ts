// What a guess costs whoever has stolen the database: tests may ask for less, the program can't.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { accountOf, openPassword } from "../../server/accounts/accounts.ts";
import { theUser } from "../../server/users/users.ts";
import { Browser, person, signIn } from "./browser.ts";
import { type TestServer, testServer } from "./fixture.ts";

async function costOf({ store, vault }: TestServer, name: string) {
  const user = await theUser(store.db, name);
  const { sealedPassword } = await accountOf(store.db, user.id);
  const { memory, passes } = openPassword(vault, user.id, sealedPassword ?? "");
  return { memory, passes };
}

it("a password that was kept for less is kept anew at its next sign-in, at no less than OWASP asks for", async () => {
  const server = await testServer();
  const alice = await person(server, "alice", "admin");
  expect((await costOf(server, "alice")).memory).toBe(8);
  const asItIsRun = new Browser(server, undefined, undefined, {});
  expect((await signIn(server, asItIsRun, alice)).status).toBe(303);
  const { memory, passes } = await costOf(server, "alice");
  expect(memory).toBeGreaterThanOrEqual(19_456);
  expect(passes).toBeGreaterThanOrEqual(2);
});

it("no part of the program asks for another cost than the usual", () => {
  const folder = join(import.meta.dirname, "../../server");
  const asking = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .filter((name) => /passwordCost: (?!PasswordCost\b)/.test(readFileSync(join(folder, name), "utf8")));
  // Where a composition may say one, and else has the usual.
  expect(asking.toSorted()).toEqual(["api/app.ts"]);
});
