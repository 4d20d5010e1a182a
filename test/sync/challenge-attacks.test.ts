// Somebody beside the user who reads the screen and the keyboard, begins dialogues of the same name, and decides when the
// server is there: a response they saw is good for nothing, and no challenge comes up that they wait for.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Rows } from "../../agent/state/rows.ts";
import { hourMs } from "../../words/clock.ts";
import { fine, House, type Line, said, storm } from "./house.ts";
import { challengeIn, Responder } from "./token.ts";

let house: House;
let fob: Responder;

beforeEach(async () => {
  house = await House.build(["user", "add", "alice"]);
  const made = await house.admin("authenticator", "add", "ocra", "alice");
  const { secret, suite } = made as { secret: string; suite: string };
  fob = new Responder(house.clock, secret, suite);
  await house.admin("policy", "set", "online.factors=ocra", "offline.factors=ocra", "lockout.failures=0");
  await house.join();
  expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted online by ocra");
  await house.clock.advance(1_000);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await house.tearDown();
});

const verifyLost: Line = (sent, pass, stop) =>
  sent.path === "/v1/verify" ? storm("unreachable")(sent, pass, stop) : fine(sent, pass, stop);

const away = storm("unreachable");

async function serverIsBack(): Promise<void> {
  house.line = fine;
  await house.clock.advance(10_000);
  await house.agent.online.probe();
}

/** Begun, read, and left. */
async function glance(): Promise<string> {
  let seen = "";
  await house.agent
    .signIn("alice", [
      (_shown, prompt) => {
        seen = challengeIn(prompt);
        throw new Error("left");
      },
    ])
    .catch(() => undefined);
  await house.clock.advance(1_000);
  return seen;
}

describe("the ninth dialogue, which has the first one's challenge,", () => {
  test.each([
    ["the server judges the first answer, and goes", fine, fine, away, "granted online by ocra"],
    ["the server goes before the first answer", fine, verifyLost, verifyLost, "granted offline by ocra"],
    ["the server was away all the time", away, away, away, "granted offline by ocra"],
  ] as const)("does not take the response a second time: %s", async (_, asking, first, second, verdict) => {
    house.line = asking;
    await house.agent.online.probe();
    let beside: Awaited<ReturnType<typeof house.agent.signIn>> | undefined;
    const thief = await house.agent.signIn("alice", [
      async (_shown, prompt) => {
        await house.clock.advance(1_000);
        for (let at = 0; at < 7; at++) await glance();
        beside = await house.agent.signIn("alice", [
          (_, same) => {
            expect(challengeIn(same)).toBe(challengeIn(prompt));
            house.line = first;
            return fob.to(challengeIn(same));
          },
        ]);
        house.line = second;
        return fob.to(challengeIn(prompt));
      },
    ]);
    expect(beside && said(beside)).toBe(verdict);
    expect(said(thief)).toBe("denied");
  });

  test.each([
    ["and the server is back", fine, false],
    ["and the server goes once more", verifyLost, false],
    ["the agent was started anew and the server goes once more", verifyLost, true],
  ])("does not take it when it was judged offline before, %s", async (_, weather, restarts) => {
    house.line = verifyLost;
    const owner = await house.agent.signIn("alice", [fob.answer]);
    expect(said(owner)).toBe("granted offline by ocra");
    if (restarts) house.startAgent();
    const used = challengeIn(owner.asked[0] ?? "");
    await serverIsBack();
    for (let at = 0; at < 7; at++) expect(await glance()).not.toBe(used);
    house.line = weather;
    const thief = await house.agent.signIn("alice", [() => fob.to(used)]);
    expect(challengeIn(thief.asked[0] ?? "")).toBe(used);
    expect(said(thief)).toBe("denied");
    await serverIsBack();
    expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted online by ocra");
  });
});

test("on a disk that is full, wrong responses do not make the agent draw on until a known challenge comes up", async () => {
  house.line = away;
  await house.agent.online.probe();
  vi.spyOn(Rows.prototype, "write").mockImplementation(() => {
    throw new Error("database or disk is full");
  });
  const seen = new Set<string>();
  for (let at = 0; at < 20; at++) {
    const wrong = (_shown: readonly string[], prompt: string) => {
      seen.add(challengeIn(prompt));
      return "000000";
    };
    await expect(house.agent.signIn("alice", [wrong])).rejects.toMatchObject({ code: "COMMIT_FAILED" });
  }
  expect(seen.size).toBe(8);
  vi.restoreAllMocks();
  expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted offline by ocra");
});

test.each([
  ["takes responses at once", fine, "granted online by ocra"],
  ["and goes again, leaves them to the machine", verifyLost, "granted offline by ocra"],
])("a server whose clock was ahead, and is set right, %s", async (_, weather, verdict) => {
  const trueMs = house.clock.wallMs();
  house.clock.setWall(trueMs + hourMs);
  house.line = verifyLost;
  expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted offline by ocra");
  house.clock.setWall(trueMs);
  await serverIsBack();
  house.line = weather;
  const afterwards = await house.agent.signIn("alice", [
    async (_shown, prompt) => {
      await house.clock.advance(5_000);
      return fob.to(challengeIn(prompt));
    },
  ]);
  expect(said(afterwards)).toBe(verdict);
});
