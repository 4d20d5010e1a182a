// Reads protocol/examples: `# ` comment, `! ` what a relay makes of it, `> ` relay to agent, `< ` agent to relay.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const examples = join(import.meta.dirname, "../../protocol/examples");

export interface Turn {
  readonly from: "relay" | "agent";
  readonly line: string;
}

export interface Transcript {
  readonly name: string;
  readonly turns: readonly Turn[];
}

export function transcripts(folder: "valid" | "invalid", prefix = ""): Transcript[] {
  return readdirSync(join(examples, folder))
    .filter((file) => file.startsWith(prefix) && file.endsWith(".txt"))
    .map((file) => ({ name: file.replace(/\.txt$/, ""), turns: turns(join(examples, folder, file)) }));
}

function turns(path: string): Turn[] {
  const lines = readFileSync(path, "utf8").replace(/\n$/, "").split("\n");
  return lines.flatMap((line): Turn[] => {
    if (line.startsWith("> ")) return [{ from: "relay", line: line.slice(2) }];
    if (line.startsWith("< ")) return [{ from: "agent", line: line.slice(2) }];
    if (line.startsWith("# ") || line.startsWith("! ")) return [];
    throw new Error(`${path}: what is "${line}"?`);
  });
}

/** A line as bytes with its newline; `\n`, `\0`, `\xNN` and `\\` are what they are in JavaScript. */
export function bytesOf(line: string): Buffer {
  const unescaped = line.replaceAll(/\\(n|r|t|0|\\|x[0-9A-F]{2})/g, (_, sign: string) => {
    const single = { n: "\n", r: "\r", t: "\t", "0": "\0", "\\": "\\" }[sign];
    return single ?? String.fromCharCode(Number.parseInt(sign.slice(1), 16));
  });
  return Buffer.from(`${unescaped}\n`, "latin1");
}
