// An agent for tests of the relay: plays turns on a socket and keeps what the relay said. Decides nothing.
// Run as a program it serves a transcript file for ever, under whichever user started it:
//   node fake-agent.ts SOCKET TRANSCRIPT

import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { parseTranscript, type Turn } from "./transcript.ts";

/** What one connection was like. */
export interface Heard {
  lines: string[];
  /** Bytes behind the last newline. */
  rest: string;
}

export interface FakeAgent {
  /** One entry a connection, in their order, filled while they run. */
  readonly heard: readonly Heard[];
  /** Resolves when every connection so far is closed. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Plays one connection. `next` resolves to the relay's next line, or undefined at the end of its stream. */
export type Play = (socket: Socket, next: () => Promise<string | undefined>) => Promise<void>;

/** Says the agent's turns and waits where the relay's stand. Turns in a row leave in one write. */
export function playing(turns: readonly Turn[]): Play {
  return async (socket, next) => {
    let unsent: Buffer[] = [];
    const flush = () => {
      if (unsent.length > 0 && !socket.destroyed) socket.write(Buffer.concat(unsent));
      unsent = [];
    };
    for (const turn of turns) {
      if (turn.from === "agent") {
        unsent.push(turn.bytes);
        continue;
      }
      flush();
      if ((await next()) === undefined) break;
    }
    flush();
    socket.end();
  };
}

export function startFakeAgent(path: string, play: Play): Promise<FakeAgent> {
  const heard: Heard[] = [];
  const open = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    const mine: Heard = { lines: [], rest: "" };
    heard.push(mine);
    sockets.add(socket);
    const lines = new LineQueue(mine);
    socket.on("data", (chunk) => lines.push(chunk.toString("latin1")));
    socket.on("end", () => lines.finish());
    socket.on("error", () => lines.finish());
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    open.add(
      play(socket, () => lines.next()).then(async () => {
        await closed;
        sockets.delete(socket);
      }),
    );
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(path, () =>
      resolve({
        heard,
        settled: async () => {
          await Promise.all(open);
        },
        close: async () => {
          for (const socket of sockets) socket.destroy();
          await new Promise<void>((done) => server.close(() => done()));
        },
      }),
    );
  });
}

class LineQueue {
  readonly #heard: Heard;
  #waiting: ((line: string | undefined) => void) | undefined;
  #taken = 0;
  #finished = false;

  constructor(heard: Heard) {
    this.#heard = heard;
  }

  push(text: string): void {
    const lines = (this.#heard.rest + text).split("\n");
    this.#heard.rest = lines.pop() ?? "";
    this.#heard.lines.push(...lines);
    this.#serve();
  }

  finish(): void {
    this.#finished = true;
    this.#serve();
  }

  next(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#serve();
    });
  }

  #serve(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (this.#taken < this.#heard.lines.length) {
      this.#waiting = undefined;
      waiting(this.#heard.lines[this.#taken++]);
    } else if (this.#finished) {
      this.#waiting = undefined;
      waiting(undefined);
    }
  }
}

const [, program, socketPath, transcriptPath] = process.argv;
if (program !== undefined && import.meta.url === pathToFileURL(program).href) {
  if (socketPath === undefined || transcriptPath === undefined)
    throw new Error("usage: fake-agent.ts SOCKET TRANSCRIPT");
  const transcript = parseTranscript(basename(transcriptPath), readFileSync(transcriptPath, "utf8"));
  process.umask(0);
  await startFakeAgent(socketPath, playing(transcript.turns));
  console.log("listening");
}
