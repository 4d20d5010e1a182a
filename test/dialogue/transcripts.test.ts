import { describe, expect, test } from "vitest";
import {
  formatFromAgent,
  formatFromRelay,
  parseFromAgent,
  parseFromRelay,
} from "../../protocol/dialogue/messages.ts";
import { playing, stage } from "./stage.ts";
import { bytesOf, type Transcript, type Turn, transcripts } from "./transcript.ts";

/** Says the relay's lines in their turn and collects the agent's. */
async function play(
  { turns }: Transcript,
  script: readonly Turn[],
): Promise<{ heard: readonly string[]; closed: boolean }> {
  const on = stage(playing(script));
  let due = 0;
  for (const { from, line } of turns) {
    if (from === "agent") due += 1;
    if (from === "agent") continue;
    expect(on.heard.length, `before "${line}"`).toBe(due);
    await on.say(bytesOf(line));
  }
  return { heard: on.heard, closed: on.closed };
}

const withoutEnd = ({ turns }: Transcript): readonly Turn[] => turns.slice(0, -1);

describe("the agent says its part of", () => {
  test.each(transcripts("valid"))("$name", async (transcript) => {
    const { heard, closed } = await play(transcript, transcript.turns);
    expect(heard).toEqual(transcript.turns.filter(({ from }) => from === "agent").map(({ line }) => line));
    expect(closed).toBe(true);
  });

  test("there are transcripts", () => expect(transcripts("valid").length).toBeGreaterThan(30));
});

describe("the agent refuses", () => {
  test.each(transcripts("invalid", "relay-"))("$name", async (transcript) => {
    const { heard, closed } = await play(transcript, withoutEnd(transcript));
    const expected = transcript.turns.filter(({ from }) => from === "agent").map(({ line }) => line);
    expect(heard.slice(0, -1)).toEqual(expected.slice(0, -1));
    expect(heard.at(-1)).toMatch(/^END refused [^ ]+$/);
    expect(closed).toBe(true);
  });

  test("a refusal repeats nothing of what was said", async () => {
    for (const transcript of transcripts("invalid", "relay-")) {
      const { heard } = await play(transcript, withoutEnd(transcript));
      expect(heard.at(-1)).not.toMatch(/alice|492039|%C3|hello/i);
    }
  });
});

describe("each line has one spelling in", () => {
  test.each(transcripts("valid"))("$name", ({ turns }) => {
    for (const { from, line } of turns) {
      const relayed = from === "relay" ? parseFromRelay(line) : undefined;
      const said = from === "agent" ? parseFromAgent(line) : undefined;
      if (relayed !== undefined) expect(relayed.ok && formatFromRelay(relayed.value)).toBe(`${line}\n`);
      if (said !== undefined) expect(said.ok && formatFromAgent(said.value)).toBe(`${line}\n`);
    }
  });
});
