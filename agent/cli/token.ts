// A join token from a file or standard input: never from the command line, which every user of the machine can read.

import { closeSync, openSync, readSync } from "node:fs";
import { exitCodes } from "./exit-codes.ts";
import { type Io, Stop } from "./io.ts";

const longest = 4_096;

/** `-` is standard input. White space around the token is passed over. */
export async function readToken(file: string, stdin: Io["stdin"]): Promise<string> {
  const token = (file === "-" ? await fromInput(stdin) : fromFile(file)).trim();
  if (!/^[\x21-\x7E]+$/.test(token))
    throw new Stop(exitCodes.failed.code, "bad-token", "there is no join token in what was given");
  return token;
}

async function fromInput(stdin: Io["stdin"]): Promise<string> {
  let text = "";
  for await (const chunk of stdin) {
    text += Buffer.isBuffer(chunk) ? chunk.toString("latin1") : String(chunk);
    if (text.length > longest) throw tooLong();
  }
  return text;
}

function fromFile(path: string): string {
  const bytes = Buffer.alloc(longest + 1);
  let length: number;
  try {
    const fd = openSync(path, "r");
    try {
      length = readSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Stop(exitCodes.failed.code, "bad-token", `the token file can't be read (${code})`);
  }
  if (length > longest) throw tooLong();
  return bytes.toString("latin1", 0, length);
}

function tooLong(): Stop {
  return new Stop(exitCodes.failed.code, "bad-token", "what was given is too long for a join token");
}
