// Challenges that the server gives, and the responses to them: where they are good, how often, and what nobody can do with one
// that was seen.

import { join } from "node:path";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../platform/clock.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { commonSuite, responseTo } from "../../otp/response.ts";
import { makeApp } from "../../server/api/app.ts";
import { addOtp } from "../../server/authenticators/manage.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { fromBase32 } from "../../words/base32.ts";
import { commandLineAt } from "./command-line.ts";
import { random, temporaryFolder, type TestServer, testServer, totpAt } from "./fixture.ts";
import { parse, TestMachine } from "./machine.ts";
import { anotherInstance } from "./mail/instance.ts";
import { serve } from "./process.ts";

let server: TestServer;
let laptop: TestMachine;
let secret: Uint8Array;

beforeEach(async () => {
  server = await testServer();
  await server.policy("online.factors=ocra", "offline.factors=ocra", "lockout.failures=50");
  secret = await userWithOcra("alice");
  laptop = await server.machine();
});

async function userWithOcra(name: string, suite = commonSuite): Promise<Uint8Array> {
  const { store, vault, clock } = server;
  const key = random.bytes(20);
  await store.write(async (tx) => {
    await addUser(tx, { name, displayName: "", groups: [] }, random, clock.nowMs);
    const wish = { type: "ocra", suite, secret: key, counter: 0 } as const;
    await addOtp(tx, vault, await theUser(tx, name), wish, random, clock.nowMs);
  });
  return key;
}

const newDialogue = () => random.bytes(16).toBase64();
async function challenge(
  machine: TestMachine,
  dialogue: string,
  user = "alice",
  caller: "system" | "self" = "system",
): Promise<string> {
  return (await machine.ask("challenge", { ...machine.asking(), dialogue, user, caller })).challenge;
}
const response = (given: string, key = secret, suite = commonSuite) =>
  responseTo({ secret: key, suite }, given, server.clock.nowMs);
const answer = async (machine: TestMachine, dialogue: string, text: string, user = "alice") =>
  (await machine.verify(user, [text], { dialogue })).verdict;

describe("a response", () => {
  it("lets its user in once, in the dialogue and at the machine that was given the challenge", async () => {
    const desktop = await server.machine("desktop");
    const [dialogue, other] = [newDialogue(), newDialogue()];
    const given = await challenge(laptop, dialogue);
    const elsewhere = await challenge(desktop, dialogue);
    await challenge(laptop, other);
    expect(elsewhere).not.toBe(given);
    expect(await answer(desktop, dialogue, response(given))).toBe("denied");
    expect(await answer(laptop, other, response(given))).toBe("denied");
    expect(await laptop.verify("alice", [response(given)], { dialogue })).toMatchObject({
      verdict: "granted",
      method: "ocra",
    });
    expect(await answer(laptop, dialogue, response(given))).toBe("denied");
  });

  it("that was recorded is good for nothing: nobody chooses what is asked", async () => {
    const dialogue = newDialogue();
    const recorded = response(await challenge(laptop, dialogue));
    expect(await answer(laptop, dialogue, recorded)).toBe("granted");
    // Without a challenge, with the old dialogue's name, with another one's.
    expect(await answer(laptop, newDialogue(), recorded)).toBe("denied");
    const again = await challenge(laptop, dialogue);
    expect(response(again)).not.toBe(recorded);
    expect(await answer(laptop, dialogue, recorded)).toBe("denied");
  });

  it("has one try: a wrong one ends the challenge", async () => {
    const dialogue = newDialogue();
    const given = await challenge(laptop, dialogue);
    expect(await answer(laptop, dialogue, "000000")).toBe("denied");
    expect(await answer(laptop, dialogue, response(given))).toBe("denied");
    expect(await answer(laptop, dialogue, response(await challenge(laptop, dialogue)))).toBe("granted");
  });

  it("is its user's alone, also when one dialogue is said to be two users'", async () => {
    const mallorys = await userWithOcra("mallory");
    const dialogue = newDialogue();
    const given = await challenge(laptop, dialogue);
    expect(await answer(laptop, dialogue, response(given, mallorys), "mallory")).toBe("denied");
    expect(await challenge(laptop, dialogue, "mallory")).toBe(given);
    expect(await answer(laptop, dialogue, response(given, mallorys), "mallory")).toBe("denied");
    expect(await answer(laptop, dialogue, response(given))).toBe("granted");
  });

  it("is good for ten minutes", async () => {
    const [early, late] = [newDialogue(), newDialogue()];
    const [first, second] = [await challenge(laptop, early), await challenge(laptop, late)];
    server.clock.pass(10 * minuteMs - 1);
    expect(await answer(laptop, early, response(first))).toBe("granted");
    server.clock.pass(1);
    expect(await answer(laptop, late, response(second))).toBe("denied");
  });

  it("is taken as people type it, and not at a question that takes none", async () => {
    const dialogue = newDialogue();
    const typed = response(await challenge(laptop, dialogue)).replace(/(...)/, "$1 ");
    expect(await answer(laptop, dialogue, typed)).toBe("granted");
    await server.policy("online.factors=totp/hotp/backup-codes");
    const other = newDialogue();
    expect(await answer(laptop, other, response(await challenge(laptop, other)))).toBe("denied");
  });

  it.each(["OCRA-1:HOTP-SHA256-8:QN08-T30S", "OCRA-1:HOTP-SHA512-7:QN08-T1M"])(
    "of %s holds around its time step, and no longer",
    async (suite) => {
      const key = await userWithOcra("timed", suite);
      const [soon, late] = [newDialogue(), newDialogue()];
      const first = response(await challenge(laptop, soon, "timed"), key, suite);
      const second = response(await challenge(laptop, late, "timed"), key, suite);
      server.clock.pass(30_000);
      expect(await answer(laptop, soon, first, "timed")).toBe("granted");
      server.clock.pass(2 * minuteMs);
      expect(await answer(laptop, late, second, "timed")).toBe("denied");
    },
  );

  it("beside a code of another type: either does, and two questions are judged together", async () => {
    const totp = await server.addTotp("alice");
    await server.policy("online.factors=totp/ocra,ocra/totp");
    const dialogue = newDialogue();
    const given = response(await challenge(laptop, dialogue));
    const both = await laptop.verify("alice", [totpAt(totp, server.clock.nowMs), given], { dialogue });
    expect(both).toMatchObject({ verdict: "granted", method: "totp+ocra" });
    const twice = newDialogue();
    const once = response(await challenge(laptop, twice));
    expect((await laptop.verify("alice", [once, once], { dialogue: twice })).verdict).toBe("denied");
  });
});

describe("a challenge", () => {
  it("is the same however often its dialogue asks, until it is judged", async () => {
    const dialogue = newDialogue();
    const given = await challenge(laptop, dialogue);
    expect(given).toMatch(/^[1-9]\d{7}$/);
    expect(await challenge(laptop, dialogue)).toBe(given);
    // More questions are to come: nothing was judged.
    await server.policy("online.factors=ocra,ocra");
    expect(await answer(laptop, dialogue, response(given))).toBe("more");
    expect(await challenge(laptop, dialogue)).toBe(given);
  });

  it("says nothing about a name: unknown, disabled, without a token, written otherwise", async () => {
    await server.userWithTotp("bob");
    for (const name of ["nobody", "bob", "ALICE"])
      expect(await challenge(laptop, newDialogue(), name)).toMatch(/^[1-9]\d{7}$/);
    expect((await server.audit()).filter(({ kind }) => kind.includes("challenge"))).toEqual([]);
  });

  it("can't be waited for: who begins dialogues without answering gets eight, and these again", async () => {
    const seen = new Set<string>();
    for (let at = 0; at < 50; at++) {
      seen.add(await challenge(laptop, newDialogue()));
      server.clock.pass(1_000);
    }
    expect(seen.size).toBe(8);
    const mine = newDialogue();
    expect(await answer(laptop, mine, response(await challenge(laptop, mine)))).toBe("granted");
    // Another user, another machine: nothing to do with these.
    expect(seen).not.toContain(await challenge(laptop, newDialogue(), "nobody"));
    expect(seen).not.toContain(await challenge(await server.machine("other"), newDialogue()));
  });

  it("of root's dialogue is not taken by those of the user's own programs", async () => {
    const console = newDialogue();
    const given = await challenge(laptop, console);
    server.clock.pass(1);
    for (let at = 0; at < 20; at++)
      expect(await challenge(laptop, newDialogue(), "alice", "self")).not.toBe(given);
    expect(await answer(laptop, console, response(given))).toBe("granted");
  });

  it.each([
    ["first", 0, 8],
    ["last", 8, 0],
  ])(
    "that two dialogues were given is good in the one that answers it before the other: the %s",
    async (_, one, other) => {
      const dialogues = Array.from({ length: 9 }, newDialogue);
      const given: string[] = [];
      for (const dialogue of dialogues) {
        given.push(await challenge(laptop, dialogue));
        server.clock.pass(1);
      }
      expect(given[8]).toBe(given[0]);
      const right = response(given[0] ?? "");
      expect(await answer(laptop, dialogues[one] ?? "", right)).toBe("granted");
      expect(await answer(laptop, dialogues[other] ?? "", right)).toBe("denied");
    },
  );
});

describe("what a machine says was answered while the server was away", () => {
  it("is not good here any more; what is asked later is", async () => {
    const dialogue = newDialogue();
    const first = newDialogue();
    await answer(laptop, first, response(await challenge(laptop, first)));
    server.clock.pass(1_000);
    const given = await challenge(laptop, dialogue);
    const givenAtMs = server.clock.nowMs;
    const { id } = await theOcra();
    server.clock.pass(1_000);
    const spent = [{ type: "ocra", id, usedThroughMs: givenAtMs } as const];
    expect((await laptop.verify("alice", [response(given)], { dialogue, spent })).verdict).toBe("denied");
    const next = newDialogue();
    expect(await answer(laptop, next, response(await challenge(laptop, next)))).toBe("granted");
    expect((await theOcra()).usedThroughMs).toBe(givenAtMs);
  });

  it("of the future ends nothing that is still to come", async () => {
    const first = newDialogue();
    await answer(laptop, first, response(await challenge(laptop, first)));
    const { id } = await theOcra();
    const spent = [{ type: "ocra", id, usedThroughMs: server.clock.nowMs + 1e9 } as const];
    await laptop.verify("alice", ["000000"], { dialogue: newDialogue(), spent });
    server.clock.pass(1);
    const next = newDialogue();
    expect(await answer(laptop, next, response(await challenge(laptop, next)))).toBe("granted");
  });

  async function theOcra() {
    const dialogue = newDialogue();
    const result = await laptop.verify("alice", [response(await challenge(laptop, dialogue))], { dialogue });
    if (result.verdict !== "granted" || result.bundle === null) throw new Error("no bundle");
    const [one] = laptop.authenticators(laptop.openBundle(result.bundle));
    if (one?.type !== "ocra") throw new Error("no ocra");
    return one;
  }
});

describe("many at once", () => {
  it("with one challenge and its response are granted once, by two instances on one database", async () => {
    const dialogue = newDialogue();
    const right = response(await challenge(laptop, dialogue));
    const log = pino({ level: "silent" });
    const second = makeApp({ ...server, ...(await anotherInstance(server)), random, log, syncMinutes: 60 });
    const requests = Array.from({ length: 8 }, () => laptop.verifyRequest("alice", [right], { dialogue }));
    const sent = await Promise.all(
      requests.map(async (request, at) => {
        const body = Buffer.from(JSON.stringify(request), "utf8");
        if (at % 2 === 0) return laptop.sendBytes("/v1/verify", body);
        const headers = { ...laptop.sign("/v1/verify", body) };
        return second.fetch(new Request("http://localhost/v1/verify", { method: "POST", body, headers }));
      }),
    );
    const verdicts = await Promise.all(sent.map(verdictOf));
    expect(verdicts.filter((verdict) => verdict === "granted")).toHaveLength(1);
    expect((await server.audit()).filter(({ kind }) => kind === "sign-in-granted")).toHaveLength(1);
  });
});

describe("two processes on one database", () => {
  it("grant one challenge's response once, in each of ten rounds", async () => {
    await loadSodium();
    const data = join(temporaryFolder(), "data");
    const { call, json } = commandLineAt(systemClock, data);
    await call("user", "add", "alice");
    await call("policy", "set", "online.factors=ocra", "lockout.failures=0");
    const made = await json("authenticator", "add", "ocra", "alice");
    const key = fromBase32(made.secret) ?? new Uint8Array();
    const { token } = await json("join-token", "create");
    const plainHttp = ["--data", data, "--insecure-http-loopback", "--requests-per-minute", "0"];
    const servers = [await serve(plainHttp), await serve(plainHttp)];
    const machine = new TestMachine((request) => fetch(request), systemClock, "laptop");
    machine.origin = servers[0]?.url ?? "";
    await machine.join(token);
    for (let round = 0; round < 10; round++) {
      const dialogue = newDialogue();
      const given = await machine.ask("challenge", {
        ...machine.asking(),
        dialogue,
        user: "alice",
        caller: "system",
      });
      const right = responseTo({ secret: key, suite: commonSuite }, given.challenge, Date.now());
      const sent = await Promise.all(
        Array.from({ length: 6 }, (_, at) => {
          machine.origin = servers[at % 2]?.url ?? "";
          return machine.send("verify", machine.verifyRequest("alice", [right], { dialogue }));
        }),
      );
      const verdicts = await Promise.all(sent.map(verdictOf));
      expect(verdicts.filter((verdict) => verdict === "granted")).toHaveLength(1);
    }
    const audit: { kind: string }[] = await json("audit", "--limit", "1000");
    expect(audit.filter(({ kind }) => kind === "sign-in-granted")).toHaveLength(10);
  });
});

async function verdictOf(sent: Response | { status: number; body: Uint8Array }): Promise<string> {
  if (sent.status !== 200) return String(sent.status);
  const body = sent instanceof Response ? await sent.json() : parse(sent);
  return (body as { result: { verdict: string } }).result.verdict;
}
