// The person behind the dialogue: at a terminal with prompts, or a script that gives one answer a line.

import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { harmless } from "../../words/harmless.ts";
import type { Io } from "./io.ts";
import type { Person } from "./relay.ts";
import type { Paint } from "./show/paint.ts";

/** Questions and messages go to standard error, so that standard output holds the result alone. */
export function personAt(io: Io, paint: Paint): Person {
  const show: Person["show"] = (tone, said) => {
    io.stderr.write(`${tone === "error" ? paint("red", harmless(said)) : harmless(said)}\n`);
  };
  // A terminal echoes what is typed, so even one without anything to show the question on is asked the careful way.
  const ask = io.stdin.isTTY === true ? askAtTerminal(io) : askScript(io);
  return { show, ask };
}

/** Ctrl-C and Ctrl-D are giving up. Without history: an answer must not come back at the next question. */
function askAtTerminal({ stdin, stderr }: Io): Person["ask"] {
  return (echo, said, stop) =>
    new Promise((resolve) => {
      const echoed = new Writable({
        write: (chunk, _encoding, done) => (echo === "shown" ? stderr.write(chunk, () => done()) : done()),
      });
      // The terminal stops echoing by itself here, before the question is there to be answered.
      const prompt = createInterface({
        input: stdin,
        output: echoed,
        terminal: true,
        historySize: 0,
        prompt: harmless(said),
      });
      if (echo === "shown") prompt.prompt();
      else stderr.write(harmless(said));
      const done = (typed: string | undefined): void => {
        resolve(typed);
        stop.removeEventListener("abort", giveUp);
        prompt.close();
        if (echo === "hidden" || typed === undefined) stderr.write("\n");
      };
      const giveUp = (): void => done(undefined);
      stop.addEventListener("abort", giveUp, { once: true });
      prompt.once("line", done);
      prompt.once("SIGINT", giveUp);
      prompt.once("close", () => resolve(undefined));
    });
}

/** The end of the input is giving up. The last line counts without its newline too. */
function askScript({ stdin, stderr }: Io): Person["ask"] {
  let lines: AsyncIterator<string> | undefined;
  return async (_echo, said) => {
    stderr.write(`${harmless(said)}\n`);
    lines ??= createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
    const next = await lines.next();
    return next.done === true ? undefined : next.value;
  };
}
