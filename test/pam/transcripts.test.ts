// The module against the golden transcripts: it says exactly the relay's lines and returns exactly the code.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { playing, startFakeAgent } from "./fake-agent.ts";
import { buildModule, makeStage, type Stage } from "./stage.ts";
import { decoded, readTranscripts, type Transcript } from "./transcript.ts";

const valid = readTranscripts(new URL("../../protocol/examples/valid/", import.meta.url), "");
const misbehaving = readTranscripts(new URL("../../protocol/examples/invalid/", import.meta.url), "agent-");

let stage: Stage;
beforeAll(() => {
  buildModule();
  stage = makeStage();
});
afterAll(() => stage.remove());

/** What the BEGIN of a transcript says of the sign-in, for the driver to repeat. */
function beginning(transcript: Transcript): Map<string, Buffer> {
  const first = transcript.turns[0];
  if (first?.from !== "relay") throw new Error(`${transcript.name} does not start with BEGIN`);
  const fields = first.line.split(" ").slice(2);
  return new Map(
    fields.map((field) => [field.slice(0, field.indexOf("=")), decoded(field.slice(field.indexOf("=") + 1))]),
  );
}

async function act(transcript: Transcript) {
  const fields = beginning(transcript);
  const field = (name: string) => fields.get(name)?.toString() ?? "";
  const service = field("service");
  stage.alone(service, `kind=${field("kind")}`);
  const agent = await startFakeAgent(stage.socket, playing(transcript.turns));
  try {
    const said = transcript.turns.flatMap((turn) => (turn.from === "relay" ? [turn.line] : []));
    const answers = said.flatMap((line) => (line.startsWith("ANSWER ") ? [decoded(line.slice(7))] : []));
    const args = ["--user-hex", fields.get("user")?.toString("hex") ?? ""];
    for (const name of ["tty", "rhost"]) if (fields.has(name)) args.push(`--${name}`, field(name));
    const language = fields.has("lang") ? { LANG: field("lang") } : {};
    // One answer more than the transcript has, unless it ends with the person giving up.
    const spare = said.at(-1) === "CANCEL" ? [] : ["no question left for this"];
    const driven = await stage.drive({
      service,
      user: "",
      args,
      answers: [...answers, ...spare],
      env: language,
    });
    await agent.settled();
    return { driven, said, heard: agent.heard };
  } finally {
    await agent.close();
  }
}

describe("a transcript that keeps the protocol", () => {
  test("is there", () => expect(valid.length).toBeGreaterThan(20));

  test.each(valid)("$name", async (transcript) => {
    const { driven, said, heard } = await act(transcript);
    expect(heard).toEqual([{ lines: said, rest: "" }]);
    expect(driven.auth).toBe(transcript.result);
    expect(driven.stderr).toBe("");
  });
});

describe("an agent that breaks the protocol grants nothing", () => {
  test("in many ways", () => expect(misbehaving.length).toBeGreaterThan(25));

  test.each(misbehaving)("$name", async (transcript) => {
    const { driven, said, heard } = await act(transcript);
    expect(driven.auth).toBe(transcript.result);
    expect(driven.auth).not.toBe("PAM_SUCCESS");
    expect(heard).toEqual([{ lines: said, rest: "" }]);
    expect(driven.stderr).toBe("");
  });
});
