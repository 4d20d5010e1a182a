// A power cut for the agent, at the worst moment: the relay has heard "granted", nothing else has happened since.

import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshCodes } from "../../scripts/parts/codes.ts";
import { signIn } from "../../scripts/parts/relay.ts";
import { converse } from "./plain-relay.ts";
import { buildSite, type Site, spendingOnly } from "./site.ts";

let site: Site;
let codes: FreshCodes;
const user = "alice";

beforeAll(async () => {
  site = await buildSite(spendingOnly);
  await site.server.cli("user", "add", user);
  codes = new FreshCodes(await site.server.addTotp(user), 10);
  const enrolling = { user, answers: [await codes.next()], confdir: site.confdir };
  expect((await signIn(enrolling)).result).toBe("PAM_SUCCESS");
  await site.server.stop();
});
afterAll(() => site?.leave());

test("kill -9 of the agent right after END granted: the code is spent all the same, 20 rounds", async () => {
  const seen: string[] = [];
  for (let round = 0; round < 20; round++) {
    const code = await codes.next();
    const end = await converse(site.agent.dialogueSocket, user, code, () =>
      process.kill(site.agent.pid, "SIGKILL"),
    );
    await site.agent.stop();
    await site.agent.start();
    const again = await converse(site.agent.dialogueSocket, user, code, () => undefined);
    seen.push(`${end.split(" ", 2).join(" ")}, then ${again.split(" ", 2).join(" ")}`);
  }
  expect(seen).toEqual(Array.from({ length: 20 }, () => "END granted, then END denied"));
});

test("kill -9 of the agent while it judges a wrong code: the attempt counts all the same", async () => {
  const before = (await site.agent.status()).enrolments.length;
  await converse(site.agent.dialogueSocket, user, await codes.wrong(), () =>
    process.kill(site.agent.pid, "SIGKILL"),
  );
  await site.agent.stop();
  await site.agent.start();
  expect((await site.agent.status()).enrolments).toHaveLength(before);
});
