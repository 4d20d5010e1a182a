// Golden transcripts for tests: the files in protocol/examples.
//
// `# ` comment, `! relay: PAM_X` the code that the PAM module must return, `> ` relay to agent, `< ` agent to relay.
// In the agent's lines `\n`, `\0`, `\xNN` and `\\` stand for one byte; a newline is added, unless `\c` ends the line.

import { readdirSync, readFileSync } from "node:fs";

export type Turn =
  | { readonly from: "relay"; readonly line: string }
  | { readonly from: "agent"; readonly bytes: Buffer };

export interface Transcript {
  readonly name: string;
  readonly result: string;
  readonly turns: readonly Turn[];
}

export function readTranscripts(folder: URL, prefix: string): Transcript[] {
  const names = readdirSync(folder).filter((name) => name.startsWith(prefix) && name.endsWith(".txt"));
  return names.sort().map((name) => parseTranscript(name, readFileSync(new URL(name, folder), "utf8")));
}

export function parseTranscript(name: string, text: string): Transcript {
  let result: string | undefined;
  const turns: Turn[] = [];
  for (const line of text.split("\n")) {
    const rest = line.slice(2);
    if (line.startsWith("! relay: ")) result = line.slice(9);
    else if (line.startsWith(">")) turns.push({ from: "relay", line: rest });
    else if (line.startsWith("<")) turns.push({ from: "agent", bytes: agentBytes(rest) });
    else if (line !== "" && !line.startsWith("#")) throw new Error(`${name}: what is ${line}?`);
  }
  if (result === undefined) throw new Error(`${name} does not say what the relay makes of it`);
  return { name, result, turns };
}

/** One line of the agent as bytes: escapes resolved, the newline added. */
export function agentBytes(written: string): Buffer {
  const open = written.endsWith("\\c");
  const line = open ? written.slice(0, -2) : `${written}\n`;
  const bytes = line.replace(/\\(n|0|\\|x[0-9A-F]{2})/g, (_all, sign: string) => {
    if (sign === "n") return "\n";
    if (sign === "0") return "\0";
    return sign === "\\" ? "\\" : String.fromCharCode(Number.parseInt(sign.slice(1), 16));
  });
  return Buffer.from(bytes, "latin1");
}

/** A text of the protocol as bytes. For what a transcript's relay says, which is well-formed. */
export function decoded(text: string): Buffer {
  const bytes = text.replace(/%([0-9A-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1");
}
