// A power cut for the agent, at the worst moment: the relay has heard "granted", nothing else has happened since.

import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshCodes } from "../../scripts/parts/codes.ts";
import { signIn } from "../../scripts/parts/relay.ts";
import { converse } from "./plain-relay.ts";
import { buildSite, type Site, spendingOnly } from "./site.ts";

let site: Site;

beforeAll(async () => {
  site = await buildSite(spendingOnly);
});
afterAll(() => site?.leave());

/** A user who may sign in offline from here on; the server is stopped. */
async function enrolled(user: string): Promise<FreshCodes> {
  await site.server.cli("user", "add", user);
  const codes = new FreshCodes(await site.server.addTotp(user), 10);
  const enrolling = { user, answers: [await codes.next()], confdir: site.confdir };
  expect((await signIn(enrolling)).result).toBe("PAM_SUCCESS");
  await site.server.stop();
  return codes;
}

const killAgent = (): void => void process.kill(site.agent.pid, "SIGKILL");

async function restartAgent(): Promise<void> {
  await site.agent.stop();
  await site.agent.start();
}

test("kill -9 of the agent right after END granted: the code is spent all the same, 20 rounds", async () => {
  const user = "alice";
  const codes = await enrolled(user);
  const seen: string[] = [];
  for (let round = 0; round < 20; round++) {
    const code = await codes.next();
    const end = await converse(site.agent.dialogueSocket, user, code, killAgent);
    await restartAgent();
    const again = await converse(site.agent.dialogueSocket, user, code, () => undefined);
    seen.push(`${end.split(" ", 2).join(" ")}, then ${again.split(" ", 2).join(" ")}`);
  }
  expect(seen).toEqual(Array.from({ length: 20 }, () => "END granted, then END denied"));
});

test("kill -9 of the agent right after each END denied: the guesses count all the same, and lock", async () => {
  const failures = 3;
  await site.server.cli("policy", "set", `lockout.failures=${failures}`);
  await site.server.start();
  await site.agent.sync();
  const user = "bob";
  const codes = await enrolled(user);
  for (let guess = 0; guess < failures; guess++) {
    const wrong = await codes.wrong();
    expect(await converse(site.agent.dialogueSocket, user, wrong, killAgent)).toBe("END denied");
    await restartAgent();
  }
  expect(await converse(site.agent.dialogueSocket, user, await codes.next(), () => undefined)).toBe(
    "END locked",
  );
});
