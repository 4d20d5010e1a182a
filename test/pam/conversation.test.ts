// What the person sees and says on the way through PAM.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { playing, startFakeAgent } from "./fake-agent.ts";
import { buildModule, type DriveOptions, makeStage, type Stage } from "./stage.ts";
import { parseTranscript } from "./transcript.ts";

let stage: Stage;
beforeAll(() => {
  buildModule();
  stage = makeStage();
  stage.alone("nightlatch", "debug");
});
afterAll(() => stage.remove());

const begin = "BEGIN 1 kind=logon user=alice service=nightlatch";
const asking = ["< SHOW info Offline.", "< ASK hidden Code:%20", "> ANSWER", "< END granted"];

async function signIn(lines: readonly string[], options: DriveOptions) {
  const text = ["! relay: PAM_SUCCESS", `> ${begin}`, ...lines].join("\n");
  const agent = await startFakeAgent(stage.socket, playing(parseTranscript("inline", text).turns));
  try {
    const driven = await stage.drive(options);
    await agent.settled();
    return { ...driven, heard: agent.heard[0]?.lines };
  } finally {
    await agent.close();
  }
}

test("messages and questions reach the person, the answer reaches the agent", async () => {
  const shown = [
    "< SHOW info One",
    "< SHOW error Two",
    "< ASK shown Name:%20",
    "> A",
    "< ASK hidden Code:%20",
    "> A",
  ];
  const done = await signIn([...shown, "< END granted"], { answers: ["blue door", "492039"] });
  expect(done.seen).toEqual(["info: One", "error: Two", "ask shown: Name: ", "ask hidden: Code: "]);
  expect(done.heard).toEqual([begin, "ANSWER blue%20door", "ANSWER 492039"]);
  expect(done.auth).toBe("PAM_SUCCESS");
});

test("a conversation that fails cancels", async () => {
  const done = await signIn(asking, {});
  expect(done.heard).toEqual([begin, "CANCEL"]);
  expect(done.auth).toBe("PAM_CONV_ERR");
});

test("a conversation without a response cancels", async () => {
  const done = await signIn(asking, { args: ["--null-answers"] });
  expect(done.heard).toEqual([begin, "CANCEL"]);
  expect(done.auth).toBe("PAM_CONV_ERR");
});

test("a message that cannot be shown cancels", async () => {
  const done = await signIn(asking, { args: ["--fail-messages"], answers: ["492039"] });
  expect(done.heard).toEqual([begin, "CANCEL"]);
  expect(done.auth).toBe("PAM_CONV_ERR");
});

test("no conversation function cancels", async () => {
  const done = await signIn(asking, { args: ["--no-conversation"], answers: ["492039"] });
  expect(done.heard).toEqual([begin, "CANCEL"]);
  expect(done.auth).toBe("PAM_CONV_ERR");
});

test("PAM_SILENT hides messages, not questions", async () => {
  const done = await signIn(asking, { args: ["--silent"], answers: ["492039"] });
  expect(done.seen).toEqual(["ask hidden: Code: "]);
  expect(done.auth).toBe("PAM_SUCCESS");
});

test("an empty answer is an answer", async () => {
  const done = await signIn(asking, { answers: [""] });
  expect(done.heard).toEqual([begin, "ANSWER "]);
});

test("an answer of 512 bytes is sent, one of 513 is not even in part", async () => {
  const longest = await signIn(asking, { answers: ["9".repeat(512)] });
  expect(longest.heard).toEqual([begin, `ANSWER ${"9".repeat(512)}`]);
  const longer = await signIn(asking, { answers: ["9".repeat(513)] });
  expect(longer.heard).toEqual([begin, "CANCEL"]);
  expect(longer.auth).toBe("PAM_AUTH_ERR");
});

test.each(["ff", "c080", "eda080", "34c3"])("an answer that is not UTF-8 (%s) fails", async (hex) => {
  const done = await signIn(asking, { answers: [Buffer.from(hex, "hex")] });
  expect(done.heard).toEqual([begin, "CANCEL"]);
  expect(done.auth).toBe("PAM_AUTH_ERR");
});

test.each([
  ["escape sequences", "%1B%5B2Jx", "?[2Jx"],
  ["newline, return, backspace", "a%0Ab%0Dc%08d", "a?b?c?d"],
  ["C1 controls", "a%C2%9B2J", "a?2J"],
  ["right-to-left override", "%E2%80%AEdetnarg", "?detnarg"],
  ["isolates and marks", "%E2%81%A6a%E2%80%8F", "?a?"],
  ["line separator", "a%E2%80%A8b", "a?b"],
  ["delete", "a%7Fb", "a?b"],
  ["ordinary letters stay", "%C5%BEofie%20%F0%9F%94%90", "žofie 🔐"],
  ["an escape that was not needed", "%41", "A"],
])("%s on a screen", async (_name, wire, seen) => {
  const done = await signIn([`< SHOW info ${wire}`, `< ASK hidden ${wire}`, "> A", "< END denied"], {
    answers: ["1"],
  });
  expect(done.seen).toEqual([`info: ${seen}`, `ask hidden: ${seen}`]);
});

test("a text longer than PAM allows is cut before a character, not inside one", async () => {
  const done = await signIn([`< SHOW info a${"%C3%A9".repeat(400)}`, "< END denied"], {});
  expect(done.seen).toEqual([`info: a${"é".repeat(255)}`]);
});

// ASan's own memory is too large to search.
describe.skipIf(process.env["NIGHTLATCH_PAM_SANITIZE"] === "1")(
  "after the sign-in, the process's memory",
  () => {
    const secret = Buffer.from("the cellar door was blue, and behind it a stair went down");

    test.each([
      ["that was granted", [secret], ["> A", "< END granted"]],
      ["that was denied", [secret], ["> A", "< END denied"]],
      ["that asked again", [secret, "later"], ["> A", "< ASK shown Code", "> A", "< END denied"]],
      ["whose agent went away", [secret], ["> A"]],
      ["whose agent was never told", [Buffer.concat([secret, Buffer.alloc(500, "x")])], ["> A"]],
    ])("does not hold the answer of one %s", async (_which, answers, lines) => {
      const done = await signIn(["< ASK hidden Code", ...lines], { answers, args: ["--search-memory"] });
      expect(done.seen.at(-1)).toBe("memory: 0");
    });

    test("would show an answer that is still there", async () => {
      // The user's name is the application's: nobody wipes it.
      const args = ["--user-hex", secret.toString("hex"), "--search-memory"];
      const done = await signIn(asking, { user: "", args, answers: [secret] });
      expect(done.seen.at(-1)).toMatch(/^memory: [1-9]/);
    });
  },
);

test("the log has the steps, but neither user nor question nor answer", async () => {
  const done = await signIn(asking, { answers: ["492039"] });
  expect(done.log).toEqual([
    "debug: BEGIN sent",
    "debug: SHOW info",
    "debug: ASK hidden",
    "debug: ANSWER sent",
    "debug: END received",
    "info: sign-in: granted",
  ]);
});

test("the log has the agent's reason for refusing, harmless and bounded", async () => {
  const done = await signIn([`< END refused a%0Ab${"c".repeat(500)}`], {});
  expect(done.log.at(-1)).toBe(`warning: sign-in: the agent refused the dialogue: a?b${"c".repeat(124)}`);
});
