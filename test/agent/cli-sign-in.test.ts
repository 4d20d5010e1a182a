import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Converse } from "../../agent/dialogue/talk.ts";
import { limits } from "../../protocol/dialogue/limits.ts";
import { LineReader } from "../../protocol/dialogue/lines.ts";
import { type Begin, type End, parseFromRelay } from "../../protocol/dialogue/messages.ts";
import { bytesOf, transcripts } from "../dialogue/transcript.ts";
import { cliStage } from "./cli-stage.ts";
import { dial, folder } from "./workspace.ts";

const me = userInfo().username;
const asks: Converse = async (_begin, _caller, talk) => {
  talk.show("info", "Offline sign-in: 6 days left.");
  return (await talk.ask("hidden", "Code: ")) === "492039"
    ? { word: "END", verdict: "granted", offline: true, method: "totp" }
    : { word: "END", verdict: "denied" };
};

describe("nightlatch sign-in", () => {
  test("takes answers from standard input, one a line", async () => {
    const on = await cliStage(asks);
    expect(await on.run(["sign-in", me], { input: "492039\n" })).toEqual({
      exit: 0,
      out: "granted (offline, totp)\n",
      err: "Offline sign-in: 6 days left.\nCode: \n",
    });
  });

  test.each([
    ["denied", "1\n", 1, "denied\n"],
    ["denied for an empty answer", "\n", 1, "denied\n"],
    ["granted without the last newline", "492039", 0, "granted (offline, totp)\n"],
    ["granted with carriage returns", "492039\r\n", 0, "granted (offline, totp)\n"],
    ["given up at the end of the input", "", 4, "unavailable: given up\n"],
    [
      "given up for an answer that can't be said",
      `${"1".repeat(513)}\n`,
      4,
      "unavailable: the answer is too long\n",
    ],
  ])("is %s", async (_what, input, exit, out) => {
    const on = await cliStage(asks);
    expect(await on.run(["sign-in", me], { input })).toMatchObject({ exit, out });
  });

  test.each<[End, number, string, object]>([
    [{ word: "END", verdict: "granted" }, 0, "granted\n", { verdict: "granted" }],
    [{ word: "END", verdict: "denied" }, 1, "denied\n", { verdict: "denied" }],
    [{ word: "END", verdict: "locked" }, 3, "locked\n", { verdict: "locked" }],
    [{ word: "END", verdict: "unavailable" }, 4, "unavailable\n", { verdict: "unavailable" }],
    [
      { word: "END", verdict: "refused", why: "no\u001b[2J" },
      5,
      "refused: no\\u{1b}[2J\n",
      { verdict: "refused", why: "no\u001b[2J" },
    ],
  ])("ends as %j with %i", async (end, exit, out, json) => {
    const on = await cliStage(async () => end);
    expect(await on.run(["sign-in", me])).toEqual({ exit, out, err: "" });
    expect(JSON.parse((await on.run(["--json", "sign-in", me])).out)).toEqual(json);
  });

  test("begins as it was told", async () => {
    let heard: Begin | undefined;
    const on = await cliStage(async (begin) => {
      heard = begin;
      return { word: "END", verdict: "denied" };
    });
    await on.run(["sign-in", me, "--kind", "elevate", "--service", "back up"], {
      env: { LANG: "de_DE.UTF-8" },
    });
    expect(heard).toEqual({
      word: "BEGIN",
      kind: "elevate",
      user: me,
      service: "back up",
      lang: "de_DE.UTF-8",
    });
    await on.run(["sign-in", me], { env: { LANG: "a b", LC_ALL: "" } });
    expect(heard).toEqual({ word: "BEGIN", kind: "logon", user: me, service: "nightlatch" });
  });

  test("shows nothing that moves the cursor", async () => {
    const on = await cliStage(async (_begin, _caller, talk) => {
      talk.show("error", "\u001b[2J\u202egone");
      await talk.ask("shown", "\rCode: ");
      return { word: "END", verdict: "denied" };
    });
    const { err } = await on.run(["sign-in", me], { input: "1\n" });
    expect(err).toBe("\\u{1b}[2J\\u{202e}gone\n\\u{d}Code: \n");
  });

  test("ends when the agent no longer waits for the answer", async () => {
    const on = await cliStage(asks);
    const ran = on.run(["sign-in", me]);
    while (on.clock.sleeping < 3) await on.clock.advance(0);
    await on.clock.advance(limits.answerMs);
    expect(await ran).toMatchObject({ exit: 4, out: "unavailable\n" });
  });
});

/** An agent that says what it likes, whatever it hears; its first lines as soon as somebody begins. */
async function strange(...lines: (string | undefined)[]): Promise<string> {
  const path = join(folder(), "strange.sock");
  const server = createServer((socket) => {
    const left = [...lines];
    socket.on("error", () => undefined);
    socket.on("data", () => {
      const line = left.shift();
      if (line === undefined) socket.end();
      else socket.write(bytesOf(line));
    });
  }).listen(path);
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  return path;
}

describe("an agent that breaks a rule grants nothing:", () => {
  test.each([
    ["it goes on after END", "END granted\\nSHOW info x", "the agent went on after its verdict"],
    ["it ends twice", "END granted\\nEND granted", "the agent went on after its verdict"],
    ["it says a strange line after END", "END granted\\nE", "the agent went on after its verdict"],
    ["it says an empty line after END", "END granted\\n", "the agent went on after its verdict"],
    [
      "it does not wait for the answer",
      "ASK hidden x\\nEND granted",
      "the agent did not wait for the answer",
    ],
    ["it closes", undefined, "the agent closed without a verdict"],
    ["it sends a byte that is none of a line's", "END granted\\x00", "the agent sent a byte outside"],
    ["it sends too long a line", "A".repeat(5_000), "the agent sent a line is longer"],
    ["it answers as a relay would", "CANCEL", "the agent sent a malformed line"],
    ["it grants with something else", "END granted uid=0", "the agent sent a malformed line"],
    ["it grants in lower case", "end granted", "the agent sent a malformed line"],
  ])("%s", async (_what, line, why) => {
    const on = await cliStage();
    const path = await strange(line);
    const { exit, out } = await on.run(["--dialogue-socket", path, "sign-in", me], { input: "1\n" });
    expect({ exit, out }).toEqual({ exit: 4, out: expect.stringContaining(`unavailable: ${why}`) });
  });

  test("it says nothing", async () => {
    const on = await cliStage();
    const path = join(folder(), "silent.sock");
    const server = createServer((socket) => void socket.on("error", () => undefined).resume()).listen(path);
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const ran = on.run(["--dialogue-socket", path, "sign-in", me]);
    while (on.clock.sleeping < 1) await on.clock.advance(0);
    await on.clock.advance(limits.silenceMs);
    expect(await ran).toMatchObject({ exit: 4, out: "unavailable: the agent did not answer in time\n" });
  });
});

describe("the command line says the relay's part of", () => {
  const exits = { granted: 0, denied: 1, locked: 3, unavailable: 4, refused: 5 } as const;
  /** Those whose user it may name, without fields that it does not send. */
  const usable = transcripts("valid").filter(
    ({ turns }) => !turns.some(({ line }) => / (tty|rhost|lang)=/.test(line) || line === "CANCEL"),
  );

  test.each(usable)("$name", async ({ turns }) => {
    const heard: string[] = [];
    const path = join(folder(), "script.sock");
    const server = createServer((socket) => {
      const reader = new LineReader();
      const left = [...turns];
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        const lines = reader.push(chunk);
        for (const line of lines.ok ? lines.value : []) {
          heard.push(line);
          left.shift();
          while (left[0]?.from === "agent") socket.write(`${left.shift()?.line}\n`);
          if (left.length === 0) socket.end();
        }
      });
    }).listen(path);
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const relayed = turns.filter(({ from }) => from === "relay").map(({ line }) => line);
    const said = relayed.flatMap((line) => {
      const message = parseFromRelay(line);
      return message.ok ? [message.value] : [];
    });
    const begin = said.find((message) => message.word === "BEGIN");
    const answers = said.flatMap((message) => (message.word === "ANSWER" ? [`${message.text}\n`] : []));
    if (begin?.word !== "BEGIN") throw new Error("nothing begins");
    const on = await cliStage();
    const { exit } = await on.run(
      ["--dialogue-socket", path, "sign-in", begin.user, "--kind", begin.kind, "--service", begin.service],
      { input: answers.join("") },
    );
    expect(heard).toEqual(relayed);
    const verdict = turns.at(-1)?.line.split(" ")[1] as keyof typeof exits;
    expect(exit).toBe(exits[verdict]);
  });
});

describe("at a terminal", () => {
  const program = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:3] + ["sign-in", sys.argv[3]])
heard = b""
typed = False
while True:
    if not select.select([terminal], [], [], 20)[0]:
        break
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    heard += more
    if not typed and b"Code:" in heard:
        typed = True
        os.write(terminal, sys.argv[4].encode().decode("unicode_escape").encode())
sys.stdout.buffer.write(heard)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
  const script = join(import.meta.dirname, "../../scripts/nightlatch");
  const type = (dialogue: string, keys: string): Promise<{ screen: string; exit: number }> =>
    new Promise((resolve) => {
      const args = ["-c", program, script, `--dialogue-socket=${dialogue}`, me, keys];
      // Without colours, whatever the terminal is that the tests themselves run in.
      const env = { ...process.env, NO_COLOR: "1" };
      execFile("python3", args, { timeout: 25_000, env }, (error, screen) =>
        resolve({ screen, exit: typeof error?.code === "number" ? error.code : 0 }),
      );
    });

  test("a hidden answer is asked for and not shown", async () => {
    const on = await cliStage(asks);
    const { screen, exit } = await type(on.dialogue, "492039\\r");
    expect(exit).toBe(0);
    expect(screen).toMatch(/^Offline sign-in: 6 days left\.\r\nCode: [^\n]*\ngranted \(offline, totp\)/);
    expect(screen).not.toContain("492039");
  });

  test("a shown answer is shown, once", async () => {
    const on = await cliStage(async (_begin, _caller, talk) => {
      const choice = await talk.ask("shown", "Code: ");
      return choice === "12" ? { word: "END", verdict: "granted" } : { word: "END", verdict: "denied" };
    });
    const { screen, exit } = await type(on.dialogue, "13\\x7f2\\r");
    expect(exit).toBe(0);
    expect(screen).toMatch(/Code: .*13.*Code: 1.*2\s+granted/s);
  });

  test("giving up is no verdict", async () => {
    const on = await cliStage(asks);
    const { screen, exit } = await type(on.dialogue, "49\\x03");
    expect(exit).toBe(4);
    expect(screen).toContain("given up");
  });
});

test("a stage's socket is a real one", async () => {
  const on = await cliStage();
  expect((await dial(on.dialogue)).socket.readyState).toBe("open");
});
