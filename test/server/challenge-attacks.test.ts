// Challenges against whoever wants one of their own choice, or a response good twice: machines in wrong hands, people who begin
// dialogues beside the user's, and clocks that go back.

import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { commonSuite, responseTo } from "../../otp/response.ts";
import { makeApp } from "../../server/api/app.ts";
import { addOtp } from "../../server/authenticators/manage.ts";
import { disableUser } from "../../server/users/leave.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { hourMs } from "../../words/clock.ts";
import { random, type TestServer, testServer } from "./fixture.ts";
import { anotherInstance } from "./mail/instance.ts";
import type { TestMachine } from "./machine.ts";

let server: TestServer;
let laptop: TestMachine;
let secret: Uint8Array;

beforeEach(async () => {
  server = await testServer();
  await server.policy("online.factors=ocra", "offline.factors=ocra", "lockout.failures=0");
  secret = await userWithOcra("alice");
  laptop = await server.machine();
});

async function userWithOcra(name: string): Promise<Uint8Array> {
  const { store, vault, clock } = server;
  const key = random.bytes(20);
  await store.write(async (tx) => {
    await addUser(tx, { name, displayName: "", groups: [] }, random, clock.nowMs);
    const wish = { type: "ocra", suite: commonSuite, secret: key, counter: 0 } as const;
    await addOtp(tx, vault, await theUser(tx, name), wish, random, clock.nowMs);
  });
  return key;
}

const newDialogue = () => random.bytes(16).toBase64();
const response = (given: string) => responseTo({ secret, suite: commonSuite }, given, server.clock.nowMs);
const verdict = async (dialogue: string, text: string, user = "alice") =>
  (await laptop.verify(user, [text], { dialogue })).verdict;

async function challenge(
  dialogue: string,
  user = "alice",
  caller: "system" | "self" = "system",
): Promise<string> {
  return (await laptop.ask("challenge", { ...laptop.asking(), dialogue, user, caller })).challenge;
}

describe("a machine in wrong hands that waits for a challenge it has recorded the response to", () => {
  it.each([
    ["says that the dialogue is another user's, and then the first one's again", "nobody", "system"],
    ["says that a program of the user's own began it, and then root again", "alice", "self"],
  ] as const)("%s: that draws nothing", async (_, user, caller) => {
    const seen = new Set<string>();
    const dialogue = newDialogue();
    for (let at = 0; at < 40; at++) {
      seen.add(await challenge(dialogue));
      await challenge(dialogue, user, caller);
    }
    expect(seen.size).toBe(1);
  });

  it("moves each one to a name of its own, in dialogue after dialogue: eight, and these again", async () => {
    const seen = new Set<string>();
    for (let at = 0; at < 40; at++) {
      const dialogue = newDialogue();
      seen.add(await challenge(dialogue));
      await challenge(dialogue, `nobody-${at}`);
      server.clock.pass(1_000);
    }
    expect(seen.size).toBe(8);
  });

  it("ends them by its word on what is spent, without an answer that counts: eight, and these again", async () => {
    const [authenticator = ""] = await ocraOf("alice");
    const seen = new Set<string>();
    for (let at = 0; at < 40; at++) {
      const dialogue = newDialogue();
      seen.add(await challenge(dialogue));
      const spent = [{ type: "ocra", id: authenticator, usedThroughMs: server.clock.nowMs } as const];
      // More answers than policy has questions: not judged, and no failure.
      await laptop.verify("alice", ["1", "2"], { dialogue, spent });
      server.clock.pass(1_000);
    }
    expect(seen.size).toBe(8);
  });
});

describe("who gives wrong responses", () => {
  it("reads as many challenges for a name that nobody has, and for a disabled user, as for another", async () => {
    await userWithOcra("bob");
    const { privateKey } = server.identity.signing;
    await server.store.write(async (tx) =>
      disableUser(tx, privateKey, await theUser(tx, "bob"), server.clock.nowMs),
    );
    const counts = [];
    for (const user of ["alice", "nobody", "bob"]) {
      const seen = new Set<string>();
      for (let at = 0; at < 12; at++) {
        const dialogue = newDialogue();
        seen.add(await challenge(dialogue, user));
        expect(await verdict(dialogue, "000000", user)).toBe("denied");
        server.clock.pass(1_000);
      }
      counts.push(seen.size);
    }
    expect(counts).toEqual([12, 12, 12]);
  });
});

describe("a response that a machine has judged by itself, when the server's verdict was lost", () => {
  it("is not good in the ninth dialogue after it, which takes its challenge over", async () => {
    await enrol();
    const lost = newDialogue();
    const given = await challenge(lost);
    const usedThroughMs = server.clock.nowMs;
    server.clock.pass(1_000);
    for (let at = 0; at < 7; at++) {
      await challenge(newDialogue());
      server.clock.pass(1_000);
    }
    const ninth = newDialogue();
    expect(await challenge(ninth)).toBe(given);
    const [id = ""] = await ocraOf("alice");
    const spent = [{ type: "ocra", id, usedThroughMs } as const];
    const judged = await laptop.verify("alice", [response(given)], { dialogue: ninth, spent });
    expect(judged.verdict).toBe("denied");
  });
});

describe("a server whose clock has been set back", () => {
  it.each([
    ["tells", true],
    ["has told", false],
  ])(
    "goes on to take responses where a machine %s what it used by the clock from before",
    async (_, again) => {
      await enrol();
      const [id = ""] = await ocraOf("alice");
      const word = [{ type: "ocra", id, usedThroughMs: server.clock.nowMs } as const];
      const spent = again ? word : [];
      if (!again) await laptop.verify("alice", ["000000"], { spent: word });
      server.clock.pass(-hourMs);
      for (let at = 0; at < 3; at++) {
        const dialogue = newDialogue();
        const given = await challenge(dialogue);
        server.clock.pass(5_000);
        const judged = await laptop.verify("alice", [response(given)], { dialogue, spent });
        expect(judged.verdict).toBe("granted");
      }
    },
  );
});

describe("two instances on one database", () => {
  it("let one response in, in whichever of two dialogues with one challenge, in each of five rounds", async () => {
    const sendTo = await bothInstances();
    for (let round = 0; round < 5; round++) {
      const first = newDialogue();
      const given = await challenge(first);
      let last = first;
      while (last === first || (await challenge(last)) !== given) {
        server.clock.pass(1);
        last = newDialogue();
      }
      const request = (dialogue: string) => laptop.verifyRequest("alice", [response(given)], { dialogue });
      const requests = [first, last, first, last, last, first].map(request);
      const answers = await Promise.all(requests.map((one, at) => sendTo(at, "/v1/verify", one)));
      expect(answers.filter((text) => text.includes('"granted"'))).toHaveLength(1);
    }
  });

  it("give 64 dialogues that are begun at once eight challenges", async () => {
    const sendTo = await bothInstances();
    const requests = Array.from({ length: 64 }, () => ({
      ...laptop.asking(),
      dialogue: newDialogue(),
      user: "alice",
      caller: "system",
    }));
    const answers = await Promise.all(requests.map((one, at) => sendTo(at, "/v1/challenge", one)));
    const given = answers.flatMap((text) => /"challenge":"(\d{8})"/.exec(text)?.[1] ?? []);
    expect(given.length).toBeGreaterThan(0);
    for (let at = 0; at < 16; at++) given.push(await challenge(newDialogue()));
    expect(new Set(given).size).toBe(8);
  });

  /** A request that comes after a later one is refused; which one that is, differs. */
  async function bothInstances() {
    const log = pino({ level: "silent" });
    const second = makeApp({ ...server, ...(await anotherInstance(server)), random, log, syncMinutes: 60 });
    return async (at: number, path: string, request: object): Promise<string> => {
      const body = Buffer.from(JSON.stringify(request), "utf8");
      const headers = { ...laptop.sign(path, body) };
      const sent = new Request(`http://localhost${path}`, { method: "POST", body, headers });
      return (await (at % 2 === 0 ? server.fetch(sent) : second.fetch(sent))).text();
    };
  }
});

/** Only then is this machine's word on what is spent heard. */
async function enrol(): Promise<void> {
  const dialogue = newDialogue();
  expect(await verdict(dialogue, response(await challenge(dialogue)))).toBe("granted");
  server.clock.pass(1_000);
}

async function ocraOf(name: string): Promise<string[]> {
  const user = await theUser(server.store.db, name);
  const rows = await server.store.db
    .selectFrom("authenticators")
    .select("id")
    .where("userId", "=", user.id)
    .where("type", "=", "ocra")
    .execute();
  return rows.map(({ id }) => id);
}

it.each([
  ["half a character", "a\ud800"],
  ["white space around it", " alice "],
  ["256 bytes", "x".repeat(256)],
])("a name with %s is told a challenge as well, and nobody gets in", async (_, name) => {
  const dialogue = newDialogue();
  const given = await challenge(dialogue, name);
  expect(await verdict(dialogue, response(given), name)).toBe("denied");
  expect(await challenge(newDialogue())).toMatch(/^[1-9]\d{7}$/);
});

it("a text with a zero byte is malformed, whichever request and database; that of its escape is not", async () => {
  const name = "a\u0000b";
  const wish = { ...laptop.asking(), dialogue: newDialogue(), user: name, caller: "system" };
  const requests = [
    ["challenge", wish],
    ["verify", laptop.verifyRequest(name, ["123456"])],
    ["verify", laptop.verifyRequest("alice", ["123456"], { service: name })],
    ["sync", { ...laptop.syncRequest(), ...laptop.about(), hostname: name }],
  ] as const;
  for (const [exchange, request] of requests)
    expect([exchange, (await laptop.send(exchange, request)).status]).toEqual([exchange, 400]);
  expect((await laptop.send("verify", laptop.verifyRequest("a\\u0000b", ["123456"]))).status).toBe(200);
  expect(await challenge(newDialogue())).toMatch(/^[1-9]\d{7}$/);
});
