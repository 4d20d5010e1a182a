// Somebody on the line shows any certificate that is out of date, and so is sent a probe, while the machine's clock is right.
// What they can make of it: the number of the machine, and a false warning at the server; no time, no key, no way in.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Reply } from "../../agent/sync/transport.ts";
import { exchanges } from "../../protocol/sync/exchanges.ts";
import { secondMs } from "../../words/clock.ts";
import { fine, House, said, type Sent, type Token } from "./house.ts";

let house: House;
let alice: Token;
/** What the attacker has been sent, and never passed on. */
let taken: Sent[];

beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  await house.join();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.agent.actions.sync();
  await house.clock.advance(30_000);
  taken = [];
});

afterEach(() => house.tearDown());

const nothing: Reply = { status: 503, headers: {}, body: new Uint8Array() };

/** In between from now on, with `answer` for what is sent to whoever is there. */
function inBetween(answer: (sent: Sent) => Promise<Reply> | Reply = () => nothing): void {
  house.certificate = "certificate-dated";
  house.line = async (sent) => {
    taken.push(sent);
    return answer(sent);
  };
}

function gone(): void {
  house.certificate = "good";
  house.line = fine;
}

const probe = () => house.agent.online.probe();
const machines = async () => (await house.admin("machine", "list")) as { id: string; flags: string[] }[];
const now = () => house.agent.timekeeper.now(house.agent.keeper.store().head.time).moment.nowMs;

test("what is taken says the machine's id and numbers, and is nobody's but the server's to answer", async () => {
  inBetween();
  const asking = house.agent.signIn("alice", [alice.code()]);
  expect(said(await asking)).toBe("granted offline by totp");
  expect(taken.length).toBeGreaterThan(0);
  for (const { path, body, headers } of taken) {
    expect(path).toBe("/v1/probe");
    expect(Object.keys(JSON.parse(Buffer.from(body).toString())).toSorted()).toEqual([
      "revokedThrough",
      "sentAtMs",
      "sequence",
    ]);
    expect(JSON.stringify(headers)).not.toMatch(/alice|authorization|cookie/i);
  }
});

test("the probe is no other request, at any path and with any body", async () => {
  inBetween();
  await probe();
  gone();
  const [held] = taken;
  if (held === undefined) throw new Error("nothing was sent");
  const before = JSON.stringify(await house.admin("audit"));
  const refused = async (sent: Sent) => expect([400, 401]).toContain((await house.deliver(sent)).status);
  for (const { path } of Object.values(exchanges)) if (path !== "/v1/probe") await refused({ ...held, path });
  const body = Buffer.from(
    Buffer.from(held.body)
      .toString()
      .replace(/"sequence":(\d+)/, '"sequence":9$1'),
  );
  await refused({ ...held, body });
  expect(JSON.stringify(await house.admin("audit"))).toBe(before);
  await house.clock.advance(30_000);
  await probe();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
});

test("held back and played later it hinders the machine in nothing, but may have it flagged: told, not prevented", async () => {
  inBetween();
  await probe();
  gone();
  const [held] = taken;
  if (held === undefined) throw new Error("nothing was sent");
  for (let count = 0; count < 12; count++) await house.agent.actions.sync();
  expect((await house.deliver(held)).status).toBe(409);
  expect((await machines())[0]?.flags).toEqual(["sequence-conflict"]);
  await house.clock.advance(30_000);
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  expect((await house.agent.actions.status()).state).toBe("healthy");
});

test("an answer that is passed on late sets the clock back by no more than the wait for it, however often", async () => {
  const trueMs = now();
  for (let time = 0; time < 5; time++) {
    inBetween(async (sent) => {
      const reply = await house.deliver(sent);
      await house.clock.advance(1_900);
      return reply;
    });
    await probe();
    await house.clock.advance(10_000);
  }
  expect(house.clock.wallMs() - now()).toBeLessThanOrEqual(2 * secondMs);
  expect(now()).toBeGreaterThan(trueMs);
  gone();
  await house.clock.advance(30_000);
  await probe();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
});

test.each<[string, (sent: Sent) => Promise<Reply> | Reply]>([
  ["nothing", () => nothing],
  [
    "a redirection",
    () => ({ status: 302, headers: { location: "https://evil.example" }, body: new Uint8Array() }),
  ],
  [
    "a conflict of the attacker's own",
    () => ({
      status: 409,
      headers: {},
      body: Buffer.from('{"error":{"code":"sequence-used","message":""},"revocations":[]}'),
    }),
  ],
  [
    "its own words with the server's headers",
    async (sent) => {
      const { status, headers, body } = await house.deliver(sent);
      const changed = { ...JSON.parse(Buffer.from(body).toString()), serverTimeMs: 1 };
      return { status, headers, body: Buffer.from(JSON.stringify(changed)) };
    },
  ],
  ["the answer to the first of its requests", async (sent) => house.deliver(taken[0] ?? sent)],
])("answered by %s, the time, the enrolments and the keys stay as they are", async (_, answer) => {
  inBetween();
  await probe();
  inBetween(answer);
  await house.clock.advance(10_000);
  const before = [house.agent.keeper.store().server(), (await house.agent.actions.status()).enrolments];
  await probe();
  expect(house.clock.wallMs() - now()).toBeLessThanOrEqual(2 * secondMs);
  expect([house.agent.keeper.store().server(), (await house.agent.actions.status()).enrolments]).toEqual(
    before,
  );
  expect((await house.agent.actions.status()).server.reach).toBe("unreachable");
});
