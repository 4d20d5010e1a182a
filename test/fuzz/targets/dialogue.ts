// Bytes at the dialogue's socket, from either side: lines, messages, and the whole connection.

import fc from "fast-check";
import { limits } from "../../../protocol/dialogue/limits.ts";
import { LineReader } from "../../../protocol/dialogue/lines.ts";
import {
  formatFromAgent,
  formatFromRelay,
  parseFromAgent,
  parseFromRelay,
} from "../../../protocol/dialogue/messages.ts";
import { denied, stage } from "../../dialogue/stage.ts";
import { bytesOf, transcripts } from "../../dialogue/transcript.ts";
import { turn } from "../../fakes/clock.ts";
import { canary, expectNothingOf, expectSame, expectSentence, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const turns = [...transcripts("valid"), ...transcripts("invalid")].flatMap((script) => script.turns);
const lines = [...new Set(turns.map(({ line }) => bytesOf(line).toString("latin1")))];
const words = [
  ...[
    "BEGIN 1 ",
    "ANSWER ",
    "CANCEL\n",
    "SHOW info ",
    "SHOW error ",
    "ASK hidden ",
    "ASK shown ",
    "END granted",
  ],
  ...[
    "END denied\n",
    " offline=yes",
    " method=",
    " kind=logon",
    " user=alice",
    " service=login",
    " tty=",
    " rhost=",
  ],
  ...[" lang=", "%00", "%C3%A9", "%ED%A0%80", "%", "\n", " ", "\0", "\r", canary, "A".repeat(512), "%41"],
];

function linesOf(bytes: Uint8Array, pieces: number) {
  const reader = new LineReader();
  const read: string[] = [];
  for (let at = 0; at < bytes.length; at += pieces) {
    const got = reader.push(bytes.subarray(at, at + pieces));
    if (!got.ok) return { read: undefined, fault: got.error, unfinished: false };
    read.push(...got.value);
  }
  return { read, fault: undefined, unfinished: reader.unfinished };
}

function checkLine(line: string): void {
  for (const [parse, format] of [
    [parseFromRelay, formatFromRelay],
    [parseFromAgent, formatFromAgent],
  ] as const) {
    const message = parse(line);
    if (!message.ok) {
      expectSentence(message.error, 120);
      expectNothingOf(line, message.error, "a parser's error");
      continue;
    }
    const again = (format as (message: unknown) => string)(message.value);
    expectThat(
      again.length <= limits.lineBytes || line.length > 3 * limits.shownBytes,
      "a line too long to send",
    );
    const reparsed = parse(again.slice(0, -1));
    // What an agent may be heard to say is longer than what ours says.
    const cut = parse === parseFromAgent && Buffer.byteLength(line) > limits.shownBytes;
    if (!cut) expectSame(reparsed, message, "said again, it is another message");
  }
}

async function checkConnection(bytes: Uint8Array): Promise<void> {
  let begun = 0;
  const on = stage(async (_begin, _caller, talk) => {
    begun += 1;
    talk.show("info", "shown");
    await talk.ask("hidden", "one");
    await talk.ask("shown", "two");
    return denied;
  });
  const third = Math.ceil(bytes.length / 3) || 1;
  for (let at = 0; at < bytes.length; at += third) await on.say(bytes.subarray(at, at + third));
  const ends = on.heard.filter((line) => line.startsWith("END"));
  expectThat(begun <= 1, "two conversations on one connection");
  expectThat(ends.length === (on.closed ? 1 : 0), `${ends.length} ends of one dialogue`);
  expectThat(!on.closed || on.heard.at(-1) === ends[0], "something follows the end");
  expectThat(!on.heard.some((line) => line.startsWith("END granted")), "granted by nobody");
  const said = JSON.stringify([on.heard, on.logged]);
  expectNothingOf(Buffer.from(bytes).toString("latin1"), said, "the agent");
  on.connection.gone();
  await turn();
  expectThat(on.clock.sleeping === 0, "a timer is left behind");
  expectThat(on.room.open === 0, "a seat is not given back");
}

export const dialogue = target<string>({
  name: "dialogue",
  what: "lines, messages and connections of the dialogue socket",
  inputs: fc
    .array(
      fc.oneof(
        fc.constantFrom(...lines),
        fc.constantFrom(...words),
        fc.string({ unit: "binary", maxLength: 30 }),
      ),
      { maxLength: 8 },
    )
    .map((parts) => Buffer.from(parts.join(""), "utf8").toString("latin1")),
  grows: { seeds: lines, words, mostWork: (bytes) => 20_000 + 600 * bytes },
  open: async () => ({
    async try(text) {
      const bytes = Buffer.from(text, "latin1");
      const whole = linesOf(bytes, bytes.length || 1);
      const torn = linesOf(bytes, 3);
      expectSame(torn, whole, "how the bytes are cut makes a difference");
      if (whole.fault !== undefined) expectSentence(whole.fault, 120);
      for (const line of whole.read ?? []) checkLine(line);
      await checkConnection(bytes);
    },
  }),
});
