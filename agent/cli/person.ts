// The person behind the dialogue: at a terminal with prompts, or a script that gives one answer a line.

import { createInterface } from "node:readline";
import { isCancel, password, text } from "@clack/prompts";
import { harmless } from "../platform/harmless.ts";
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

function askAtTerminal({ stdin, stderr }: Io): Person["ask"] {
  return async (echo, said, stop) => {
    const options = { message: harmless(said).trim(), input: stdin, output: stderr, signal: stop };
    const typed = await (echo === "hidden" ? password(options) : text(options));
    return isCancel(typed) ? undefined : (typed ?? "");
  };
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
