// The golden transcripts as the TypeScript side reads them, line by line. That the order of lines is right too is for the
// tests of the dialogue and of the PAM module, which play them.

import { describe, expect, test } from "vitest";
import { LineReader } from "../../protocol/dialogue/lines.ts";
import { parseFromAgent, parseFromRelay } from "../../protocol/dialogue/messages.ts";
import { bytesOf, type Transcript, transcripts } from "../dialogue/transcript.ts";

/** What one side says in a transcript, as the other reads it: how many lines it takes, or the first fault. */
function readAs(
  from: "relay" | "agent",
  { turns }: Transcript,
): { taken: number; fault: string | undefined; unfinished: boolean } {
  const reader = new LineReader();
  let taken = 0;
  for (const { line } of turns.filter((turn) => turn.from === from)) {
    // `\c` ends a line that has no newline.
    const open = line.endsWith("\\c");
    const bytes = open ? bytesOf(line.slice(0, -2)).subarray(0, -1) : bytesOf(line);
    const lines = reader.push(bytes);
    if (!lines.ok) return { taken, fault: lines.error, unfinished: false };
    for (const each of lines.value) {
      const message = from === "relay" ? parseFromRelay(each) : parseFromAgent(each);
      if (!message.ok) return { taken, fault: message.error, unfinished: false };
      taken += 1;
    }
  }
  return { taken, fault: undefined, unfinished: reader.unfinished };
}

/** Every line of these is good by itself; what is wrong is its place, or that nothing more comes. */
const goodLinesInTheWrongPlace = new Set<string>([
  "agent-after-denied-granted",
  "agent-after-granted-denied",
  "agent-after-granted-show",
  "agent-asks-twice-at-once",
  "agent-closes-after-answer",
  "agent-closes-after-show",
  "agent-closes-at-once",
  "agent-granted-while-asking",
  "agent-too-many-messages",
  "agent-too-many-questions",
  "relay-answer-first",
  "relay-answer-to-show",
  "relay-answer-twice-at-once",
  "relay-answer-twice",
  "relay-answer-with-begin",
  "relay-begin-for-another-later",
  "relay-begin-twice-at-once",
  "relay-begin-twice",
  "relay-cancel-first",
]);

describe("valid transcripts", () => {
  test.each(transcripts("valid"))("$name: every line is taken", (transcript) => {
    for (const from of ["relay", "agent"] as const) {
      const said = transcript.turns.filter((turn) => turn.from === from).length;
      expect(readAs(from, transcript)).toEqual({ taken: said, fault: undefined, unfinished: false });
    }
  });
});

describe("invalid transcripts", () => {
  const all = transcripts("invalid");

  test.each(all)("$name: refused, unless only its place is wrong", (transcript) => {
    const at = transcript.name.startsWith("relay-") ? "relay" : "agent";
    const { fault, unfinished } = readAs(at, transcript);
    const good = fault === undefined && !unfinished;
    expect(`${transcript.name} ${good}`).toBe(
      `${transcript.name} ${goodLinesInTheWrongPlace.has(transcript.name)}`,
    );
    const other = at === "relay" ? "agent" : "relay";
    if (other === "relay") expect(readAs("relay", transcript).fault).toBeUndefined();
  });

  test("none of the exceptions is for a transcript that is gone", () => {
    const names = new Set(all.map(({ name }) => name));
    expect([...goodLinesInTheWrongPlace].filter((name) => !names.has(name))).toEqual([]);
  });
});
