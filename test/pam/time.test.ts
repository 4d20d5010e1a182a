// Every wait ends: an agent that is silent, slow or gone costs a bounded time and grants nothing.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Play, startFakeAgent } from "./fake-agent.ts";
import { buildModule, type DriveOptions, makeStage, type Stage } from "./stage.ts";

let stage: Stage;
beforeAll(() => {
  buildModule();
  stage = makeStage();
  stage.alone("nightlatch", "silence=1");
  stage.alone("short", "silence=10 total=1");
});
afterAll(() => stage.remove());

async function against(play: Play, options: DriveOptions = {}) {
  const agent = await startFakeAgent(stage.socket, play);
  try {
    return await stage.drive(options);
  } finally {
    await agent.close();
  }
}

/** Says each piece after a pause. */
const dripping =
  (pieces: readonly string[], pauseMs: number): Play =>
  async (socket, next) => {
    await next();
    for (const piece of pieces) {
      await sleep(pauseMs);
      if (socket.destroyed) return;
      socket.write(piece);
    }
  };

test("silence after BEGIN", async () => {
  const { auth, ms } = await against(async () => {});
  expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
  expect(ms).toBeGreaterThan(900);
  expect(ms).toBeLessThan(2500);
});

test("silence after ANSWER", async () => {
  const { auth, seen, ms } = await against(dripping(["ASK hidden Code\n"], 0), { answers: ["492039"] });
  expect(seen).toEqual(["ask hidden: Code"]);
  expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
  expect(ms).toBeLessThan(2500);
});

test("a byte now and then is silence", async () => {
  const { auth, ms } = await against(dripping([..."END granted\n"], 150));
  expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
  expect(ms).toBeLessThan(2500);
});

test("a line in pieces is a line", async () => {
  expect((await against(dripping([..."END granted\n"], 20))).auth).toBe("PAM_SUCCESS");
});

test("several lines in one piece are lines", async () => {
  const { auth, seen } = await against(
    dripping(["SHOW info a\nSHOW info b\nSH", "OW error c\nEND granted\n"], 20),
  );
  expect(seen).toEqual(["info: a", "info: b", "error: c"]);
  expect(auth).toBe("PAM_SUCCESS");
});

test("a line now and then ends with the dialogue's total", async () => {
  const lines = Array.from({ length: 40 }, () => "SHOW info Still%20waiting.\n");
  const { auth, ms } = await against(dripping(lines, 100), { service: "short" });
  expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
  expect(ms).toBeGreaterThan(900);
  expect(ms).toBeLessThan(2500);
});

test("a person may think longer than an agent may be silent", async () => {
  const play: Play = async (socket, next) => {
    await next();
    socket.write("ASK hidden Code\n");
    await next();
    socket.end("END granted\n");
  };
  const { auth } = await against(play, { answers: ["492039"], args: ["--delay", "1300"] });
  expect(auth).toBe("PAM_SUCCESS");
});

test("a person who thinks longer than the dialogue lasts is not granted", async () => {
  const play: Play = async (socket, next) => {
    await next();
    socket.write("ASK hidden Code\n");
    await next();
    socket.end("END granted\n");
  };
  const { auth } = await against(play, { service: "short", answers: ["492039"], args: ["--delay", "1300"] });
  expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
});

test.each([
  ["denied", "PAM_AUTH_ERR"],
  ["locked", "PAM_MAXTRIES"],
  ["unavailable", "PAM_AUTHINFO_UNAVAIL"],
  ["granted", "PAM_AUTHINFO_UNAVAIL"],
])("an agent that ends with %s while the person thinks gets no answer", async (verdict, code) => {
  let answered: string | undefined;
  const play: Play = async (socket, next) => {
    await next();
    socket.write("ASK hidden Code\n");
    await sleep(50);
    socket.end(`END ${verdict}\n`);
    answered = await next();
  };
  const { auth } = await against(play, { answers: ["492039"], args: ["--delay", "300"] });
  expect(auth).toBe(code);
  expect(answered).toBeUndefined();
});

test.each([
  ["before BEGIN is read", (async (socket) => void socket.destroy()) satisfies Play],
  [
    "after BEGIN",
    (async (socket, next) => {
      await next();
      socket.destroy();
    }) satisfies Play,
  ],
  [
    "while the person is asked",
    (async (socket, next) => {
      await next();
      socket.write("ASK hidden Code\n", () => socket.destroy());
    }) satisfies Play,
  ],
  [
    "after ANSWER",
    (async (socket, next) => {
      await next();
      socket.write("ASK hidden Code\n");
      await next();
      socket.destroy();
    }) satisfies Play,
  ],
] as [string, Play][])("an agent that dies %s", async (_when, play) => {
  const { auth, ms, exit } = await against(play, { answers: ["492039"], args: ["--delay", "50"] });
  expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
  expect(exit).toBe(1);
  expect(ms).toBeLessThan(900);
});

test("an agent that dies right after END granted has granted", async () => {
  const play: Play = async (socket, next) => {
    await next();
    socket.write("END granted\n", () => socket.destroy());
  };
  expect((await against(play)).auth).toBe("PAM_SUCCESS");
});
