// A clock so wrong that the server's certificate can't be verified: the server's signed word on the time is heard all the
// same, by a probe that has no secret in it. Everything else waits until the clock is right.

import { afterEach, beforeEach, expect, test } from "vitest";
import { dayMs } from "../../words/clock.ts";
import { fine, House, said, silence, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;
const trueMs = () => house.clock.wallMs() + 365 * dayMs;

/** Offline, off and on again, and the battery of the clock was empty. */
beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  await house.join();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
  house.reboot(-365 * dayMs);
  house.certificate = "certificate-dated";
});

afterEach(() => house.tearDown());

/** The server's clock is right; the machine's is not. */
const serverIsRight = () => {
  house.line = async (sent, pass) => {
    const wrongMs = house.clock.wallMs();
    house.clock.setWall(trueMs());
    const reply = await pass(sent);
    house.clock.setWall(wrongMs);
    return reply;
  };
};

test("while nobody answers, nothing is judged", async () => {
  house.line = storm("unreachable");
  expect(said(await house.agent.signIn("alice", [alice.code(0, trueMs())]))).toBe("unavailable");
});

test("the first sign-in is judged offline, by the server's time", async () => {
  serverIsRight();
  const code = alice.code(0, trueMs());
  expect(said(await house.agent.signIn("alice", [code]))).toBe("granted offline by totp");
  expect((await house.agent.actions.status()).state).toBe("healthy");
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("denied");
});

test("nothing but probes is sent, and the server stays out of reach", async () => {
  serverIsRight();
  const before = house.heard.length;
  await house.agent.signIn("alice", [alice.code(0, trueMs())]);
  await expect(house.agent.actions.sync()).rejects.toThrow("set the clock");
  expect(new Set(house.heard.slice(before).map(({ path }) => path))).toEqual(new Set(["/v1/probe"]));
  for (const { body } of house.heard.slice(before))
    expect(Buffer.from(body).toString()).not.toContain("alice");
  const { reach, lastFailure } = (await house.agent.actions.status()).server;
  expect([reach, lastFailure]).toEqual(["unreachable", "certificate-dated"]);
});

test("a revocation is carried out", async () => {
  await house.admin("user", "disable", "alice");
  serverIsRight();
  expect(said(await house.agent.signIn("alice", [alice.code(0, trueMs())]))).toBe("unavailable");
  expect((await house.agent.actions.status()).enrolments).toEqual([]);
});

test.each([
  ["another server's answer", () => Promise.resolve({ status: 200, headers: {}, body: Buffer.from("{}") })],
  ["silence", silence],
])("%s sets no time", async (_name, line) => {
  house.line = line;
  const asking = house.agent.online.probe();
  await house.clock.advance(3_000);
  await asking;
  expect((await house.agent.actions.status()).state).toBe("time-turned-back");
});

test("an answer to another request sets no time", async () => {
  serverIsRight();
  const right = house.line;
  let earlier: Awaited<ReturnType<typeof fine>> | undefined;
  house.line = async (sent, pass, stop) => {
    const reply = await right(sent, pass, stop);
    earlier ??= reply;
    return reply === earlier ? { status: 503, headers: {}, body: new Uint8Array() } : earlier;
  };
  await house.agent.online.probe();
  await house.agent.online.probe();
  expect((await house.agent.actions.status()).state).toBe("time-turned-back");
});

test("a certificate that is refused for anything else is refused", async () => {
  house.certificate = "certificate-refused";
  serverIsRight();
  const before = house.heard.length;
  expect(said(await house.agent.signIn("alice", [alice.code(0, trueMs())]))).toBe("unavailable");
  expect(house.heard).toHaveLength(before);
});

test("with the clock set right, all is as ever", async () => {
  serverIsRight();
  await house.agent.online.probe();
  house.clock.setWall(trueMs());
  house.line = fine;
  house.certificate = "good";
  await house.agent.actions.sync();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
});
