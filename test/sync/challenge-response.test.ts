// Sign-ins with a token that answers challenges, from the prompt to the verdict, in any weather.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setPin } from "../server/pins.ts";
import { fine, House, said, silence, storm } from "./house.ts";
import { challengeIn, Responder } from "./token.ts";

let house: House;
let fob: Responder;

beforeEach(async () => {
  house = await House.build(["user", "add", "alice"]);
  fob = await responder("alice");
});

afterEach(() => house.tearDown());

async function responder(name: string, ...more: readonly string[]): Promise<Responder> {
  const made = await house.admin("authenticator", "add", "ocra", name, ...more);
  const { secret, suite } = made as { secret: string; suite: string };
  return new Responder(house.clock, secret, suite);
}

async function asks(online: string, offline = online, ...more: readonly string[]): Promise<void> {
  await house.admin("policy", "set", `online.factors=${online}`, `offline.factors=${offline}`, ...more);
  await house.join();
}

const verifyLost = (sent: Parameters<typeof fine>[0], ...more: [Parameters<typeof fine>[1], AbortSignal]) =>
  sent.path === "/v1/verify" ? storm("unreachable")(sent, ...more) : fine(sent, ...more);
const withoutDigits = (prompts: readonly string[]) =>
  prompts.map((prompt) => prompt.replaceAll(/\d{4} \d{4}/g, "…"));

describe("with the server in reach", () => {
  beforeEach(() => asks("ocra"));

  test("the prompt shows the server's challenge, and the response to it lets in", async () => {
    const outcome = await house.agent.signIn("alice", [fob.answer]);
    expect(said(outcome)).toBe("granted online by ocra");
    expect(outcome.asked[0]).toMatch(/^Challenge [1-9]\d{3} \d{4}\. Response: $/);
  });

  test("each dialogue has another challenge, and the response to an earlier one is wrong", async () => {
    const first = await house.agent.signIn("alice", [fob.answer]);
    const used = fob.to(challengeIn(first.asked[0] ?? ""));
    const second = await house.agent.signIn("alice", [used]);
    expect(said(second)).toBe("denied");
    expect(challengeIn(second.asked[0] ?? "")).not.toBe(challengeIn(first.asked[0] ?? ""));
  });

  test("an unknown user and one without such a token read a challenge, too, and end like a wrong response", async () => {
    await house.user("bob");
    const wrong = await house.agent.signIn("alice", ["000000"]);
    expect(said(wrong)).toBe("denied");
    for (const name of ["bob", "nobody"]) {
      const outcome = await house.agent.signIn(name, ["000000"]);
      expect(outcome.end).toEqual(wrong.end);
      expect(outcome.shown).toEqual(wrong.shown);
      expect(withoutDigits(outcome.asked)).toEqual(withoutDigits(wrong.asked));
    }
  });

  test("a question mark asks for help, and the same challenge again", async () => {
    const outcome = await house.agent.signIn("alice", ["?", fob.answer]);
    expect(said(outcome)).toBe("granted online by ocra");
    expect(outcome.asked[1]).toBe(outcome.asked[0]);
  });

  test("a machine that was revoked meanwhile hears of it before anything is asked", async () => {
    await house.agent.signIn("alice", [fob.answer]);
    await house.admin("machine", "revoke", "laptop");
    const outcome = await house.agent.signIn("alice", []);
    expect(said(outcome)).toBe("unavailable");
    expect(outcome.asked).toEqual([]);
  });
});

describe("with the server out of reach", () => {
  beforeEach(async () => {
    await asks("ocra");
    await house.agent.signIn("alice", [fob.answer]);
    house.line = storm("unreachable");
  });

  test("the agent draws the challenge, and judges the response once", async () => {
    const outcome = await house.agent.signIn("alice", [fob.answer]);
    expect(said(outcome)).toBe("granted offline by ocra");
    const used = fob.to(challengeIn(outcome.asked[0] ?? ""));
    expect(said(await house.agent.signIn("alice", [used]))).toBe("denied");
  });

  test("the response to another dialogue's challenge is wrong, while that one is open as well", async () => {
    let inner: Awaited<ReturnType<typeof house.agent.signIn>> | undefined;
    const outer = await house.agent.signIn("alice", [
      async (_shown, prompt) => {
        inner = await house.agent.signIn("alice", [() => fob.to(challengeIn(prompt))]);
        return fob.to(challengeIn(prompt));
      },
    ]);
    expect(inner && said(inner)).toBe("denied");
    expect(said(outer)).toBe("granted offline by ocra");
  });

  test("after a restart between challenge and response there is another challenge", async () => {
    let old = "";
    await expect(
      house.agent.signIn("alice", [
        (_shown, prompt) => {
          old = challengeIn(prompt);
          throw new Error("the agent is killed");
        },
      ]),
    ).rejects.toThrow("killed");
    house.startAgent();
    const outcome = await house.agent.signIn("alice", [() => fob.to(old)]);
    expect(said(outcome)).toBe("denied");
    expect(challengeIn(outcome.asked[0] ?? "")).not.toBe(old);
    expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted offline by ocra");
  });

  test("dialogues that nobody answers do not make the agent draw on until a known challenge comes up", async () => {
    const seen = new Set<string>();
    for (let at = 0; at < 40; at++)
      await house.agent
        .signIn("alice", [
          (_shown, prompt) => {
            seen.add(challengeIn(prompt));
            throw new Error("gave up");
          },
        ])
        .catch(() => undefined);
    expect(seen.size).toBe(8);
  });

  test("nor do those of the user's own programs take the challenge of root's dialogue", async () => {
    const outcome = await house.agent.signIn("alice", [
      async (shown, prompt) => {
        for (let at = 0; at < 20; at++)
          await house.agent.signIn("alice", [], { uid: 1000 }).catch(() => undefined);
        return fob.answer(shown, prompt);
      },
    ]);
    expect(said(outcome)).toBe("granted offline by ocra");
  });

  test("a server that comes back while the person is answering is not asked: it knows nothing of the challenge", async () => {
    const outcome = await house.agent.signIn("alice", [
      async (_shown, prompt) => {
        house.line = fine;
        await house.agent.online.probe();
        return fob.to(challengeIn(prompt));
      },
    ]);
    expect(said(outcome)).toBe("granted offline by ocra");
  });
});

describe("a server that goes", () => {
  beforeEach(async () => {
    await asks("ocra");
    await house.agent.signIn("alice", [fob.answer]);
  });

  test("between challenge and verdict: the same response is judged offline, and never again", async () => {
    house.line = verifyLost;
    const outcome = await house.agent.signIn("alice", [fob.answer]);
    expect(said(outcome)).toBe("granted offline by ocra");
    expect(outcome.asked).toHaveLength(1);
    const used = fob.to(challengeIn(outcome.asked[0] ?? ""));
    const { dialogue } = JSON.parse(Buffer.from(house.heard.at(-1)?.body ?? "").toString("utf8"));
    house.line = fine;
    await house.clock.advance(10_000);
    await house.agent.online.probe();
    // With the agent's own key, and the word on what is spent that it sends with every request.
    const attempt = { user: "alice", kind: "logon", service: "test", caller: "system" } as const;
    const replayed = await house.agent.online.verify(attempt, dialogue, [used], house.clock.monotonicMs());
    expect(replayed).toEqual({ verdict: "denied" });
    expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted online by ocra");
  });

  test("while it is asked for the challenge: that costs the budget, then the agent draws one", async () => {
    house.line = (sent, pass, stop) =>
      sent.path === "/v1/challenge" ? silence(sent, pass, stop) : fine(sent, pass, stop);
    const signingIn = house.agent.signIn("alice", [fob.answer]);
    await house.clock.advance(5_000);
    expect(said(await signingIn)).toBe("granted offline by ocra");
  });

  test("for good, while the user is not enrolled: nobody gets in", async () => {
    await house.admin("user", "add", "bob");
    house.line = (sent, pass, stop) =>
      sent.path === "/v1/challenge" ? storm("unreachable")(sent, pass, stop) : fine(sent, pass, stop);
    const outcome = await house.agent.signIn("bob", []);
    expect(said(outcome)).toBe("unavailable");
    expect(outcome.asked).toEqual([]);
  });
});

describe("beside other authenticators", () => {
  test("one question takes a code or a response, for whoever has which", async () => {
    await asks("totp/ocra");
    const app = await house.totp("alice");
    const by = await house.agent.signIn("alice", [() => app.code()]);
    expect(said(by)).toBe("granted online by totp");
    expect(withoutDigits(by.asked)).toEqual(["Challenge …. One-time code or response: "]);
    expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted online by ocra");
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted offline by ocra");
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", [() => app.code()]))).toBe("granted offline by totp");
  });

  test("of two questions one is a challenge, and both are judged together", async () => {
    await asks("totp,ocra");
    const app = await house.totp("alice");
    const outcome = await house.agent.signIn("alice", [() => app.code(), fob.answer]);
    expect(said(outcome)).toBe("granted online by totp+ocra");
    expect(withoutDigits(outcome.asked)).toEqual(["One-time code: ", "Challenge …. Next, response: "]);
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", ["000000", fob.answer]))).toBe("denied");
    house.line = storm("unreachable");
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", [() => app.code(), fob.answer]))).toBe(
      "granted offline by totp+ocra",
    );
  });

  test("a suite with the time is good around its step, online and offline", async () => {
    await asks("ocra");
    const timed = await responder("alice", "--suite", "OCRA-1:HOTP-SHA512-8:QN08-T1M");
    expect(said(await house.agent.signIn("alice", [timed.answer]))).toBe("granted online by ocra");
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [timed.answer]))).toBe("granted offline by ocra");
    const late = await house.agent.signIn("alice", [
      async (shown, prompt) => {
        const response = timed.answer(shown, prompt);
        await house.clock.advance(170_000);
        return response;
      },
    ]);
    expect(said(late)).toBe("denied");
  });

  test("a PIN goes with the response, online and offline, and each dialogue has one try at both", async () => {
    const withPin = (pin: string) => (shown: readonly string[], prompt: string) =>
      `${pin}${fob.answer(shown, prompt)}`;
    await asks("ocra", "ocra", "pin.place=before", "lockout.failures=0");
    await setPin({ ...house.server, clock: house.clock }, "alice", "9946");
    const first = await house.agent.signIn("alice", [withPin("9946")]);
    expect(said(first)).toBe("granted online by ocra");
    expect(withoutDigits(first.asked)).toEqual([
      "PIN and code as one, the PIN first. Challenge …. Response: ",
    ]);
    expect(said(await house.agent.signIn("alice", [withPin("9945")]))).toBe("denied");
    expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("denied");
    house.line = verifyLost;
    expect(said(await house.agent.signIn("alice", [withPin("9946")]))).toBe("granted offline by ocra");
    house.line = storm("unreachable");
    for (const pin of ["9945", ""])
      expect(said(await house.agent.signIn("alice", [withPin(pin)]))).toBe("denied");
    expect(said(await house.agent.signIn("alice", [withPin("9946")]))).toBe("granted offline by ocra");
  });

  test("with a seed per machine the user's own key stays at the server", async () => {
    await asks("ocra", "totp", "seeds=per-machine");
    expect(said(await house.agent.signIn("alice", [fob.answer]))).toBe("granted online by ocra");
    const situation = house.agent.ledger.situation("alice");
    const held = typeof situation.enrolled === "string" ? [] : situation.enrolled.open.authenticators;
    expect(held.map(({ type }) => type)).toEqual(["totp"]);
  });
});

test.each([
  ["de_DE.UTF-8", /^Aufgabe \d{4} \d{4}\. Antwort: $/],
  ["fr_FR.UTF-8", /^Défi \d{4} \d{4}\. Réponse : $/],
  ["es_ES.UTF-8", /^Desafío \d{4} \d{4}\. Respuesta: $/],
  ["pl_PL.UTF-8", /^Wyzwanie \d{4} \d{4}\. Odpowiedź: $/],
])("%s has the challenge in its own words", async (lang, prompt) => {
  await asks("ocra");
  const outcome = await house.agent.signIn("alice", [fob.answer], { lang });
  expect(said(outcome)).toBe("granted online by ocra");
  expect(outcome.asked[0]).toMatch(prompt);
});
