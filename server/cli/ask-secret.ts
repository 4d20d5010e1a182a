import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { Terminal } from "./terminal.ts";

/** One line: of a person who does not see it, or of standard input. Ctrl-C, Ctrl-D and an empty input are undefined. */
export const askSecret: NonNullable<Terminal["askSecret"]> = (question) =>
  new Promise((resolve) => {
    const { stdin, stderr } = process;
    const isPerson = stdin.isTTY === true;
    const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
    // The terminal stops echoing by itself here, before the question is there to be answered.
    const lines = createInterface({ input: stdin, output: unseen, terminal: isPerson, historySize: 0 });
    if (isPerson) stderr.write(question);
    let given: string | undefined;
    const end = (line?: string): void => {
      given = line;
      lines.close();
    };
    lines.once("line", end);
    lines.once("SIGINT", () => end());
    lines.once("close", () => {
      if (isPerson) stderr.write("\n");
      resolve(given);
    });
  });
