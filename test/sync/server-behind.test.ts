// Two servers on one database, of which one has not heard yet that there is another identity: for up to two seconds.

import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemRandom } from "../../platform/random.ts";
import { makeApp } from "../../server/api/app.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { fine, House, type Line, said, type Token } from "./house.ts";

let house: House;
let alice: Token;
let close: () => Promise<void>;
/** To the one that knows. */
let ahead: Line;

beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  await house.join();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.agent.actions.sync();
  await house.admin("keys", "rotate-identity");
  const server = await openServer(join(house.folder, "server"), house.clock, systemRandom);
  close = () => server.store.close();
  const parts = { ...server, clock: house.clock, random: systemRandom, log: pino({ level: "silent" }) };
  const app = makeApp({ ...parts, syncMinutes: 30 });
  ahead = async ({ path, headers, body }) => {
    const init = {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: Buffer.from(body),
    };
    const response = await app.request(path, init);
    const answered = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, headers: Object.fromEntries(response.headers), body: answered };
  };
  await house.clock.advance(30_000);
});

afterEach(async () => {
  await close();
  await house.tearDown();
});

const known = () => house.agent.keeper.store().server().keys?.number ?? 0;

test("a right code is right at the one that is behind, though it was sealed to a key it had not heard of", async () => {
  house.line = ahead;
  await house.agent.online.probe();
  expect(known()).toBe(1);
  house.line = fine;
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  expect(house.server.identity.number).toBe(1);
});

test("a machine that knows the later one is answered, whichever it asks in turn", async () => {
  for (const line of [fine, ahead, fine, ahead]) {
    house.line = line;
    await house.agent.actions.sync();
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  }
  expect(known()).toBe(1);
  const [machine] = (await house.admin("machine", "list")) as { flags: string[] }[];
  expect(machine?.flags).toEqual([]);
});
