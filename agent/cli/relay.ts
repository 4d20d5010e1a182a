// The dialogue from the relay's side: what pam_nightlatch.so does in C, for a terminal.

import type { Socket } from "node:net";
import { limits } from "../../protocol/dialogue/limits.ts";
import { LineReader } from "../../protocol/dialogue/lines.ts";
import {
  type Begin,
  type End,
  type FromAgent,
  formatFromRelay,
  parseFromAgent,
} from "../../protocol/dialogue/messages.ts";
import type { Clock } from "../../words/clock.ts";

/** The person at the terminal. */
export interface Person {
  show(tone: "info" | "error", text: string): void;
  /** Undefined: gave up. Aborted by `stop` when the agent no longer waits. */
  ask(echo: "hidden" | "shown", text: string, stop: AbortSignal): Promise<string | undefined>;
}

/** `none`: there was no verdict, which counts as unavailable. */
export type Outcome = End | { readonly word: "NONE"; readonly why: string };

type Heard = FromAgent | { readonly word: "NONE"; readonly why: string };

/** Runs one dialogue on a fresh connection and closes it. Anything unexpected is no verdict, whatever follows it. */
export async function relay(socket: Socket, begin: Begin, person: Person, clock: Clock): Promise<Outcome> {
  const agent = new Ear(socket, clock);
  try {
    socket.write(formatFromRelay(begin));
    let heard = await agent.next(limits.silenceMs);
    for (;;) {
      switch (heard.word) {
        case "NONE":
          return heard;
        case "END":
          return agent.heldMore ? { word: "NONE", why: "the agent went on after its verdict" } : heard;
        case "SHOW":
          person.show(heard.tone, heard.text);
          heard = await agent.next(limits.silenceMs);
          break;
        case "ASK":
          heard = await answer(socket, heard, person, agent);
          break;
      }
    }
  } finally {
    socket.destroy();
  }
}

/** Asks the person, unless the agent says something first: then it no longer waits, and the answer is nobody's. */
async function answer(
  socket: Socket,
  { echo, text }: Extract<FromAgent, { word: "ASK" }>,
  person: Person,
  agent: Ear,
): Promise<Heard> {
  const tooLate = new AbortController();
  const interrupted = agent.next(undefined).then((heard) => {
    tooLate.abort();
    return heard;
  });
  const typed = await Promise.race([
    person.ask(echo, text, tooLate.signal).then((answered) => ({ answered })),
    interrupted.then(() => "interrupted" as const),
  ]);
  if (typed === "interrupted" || tooLate.signal.aborted) return withoutGrant(await interrupted);
  const fits = typed.answered !== undefined && Buffer.byteLength(typed.answered) <= limits.answerBytes;
  // NUL can't be said on the wire and is in no code.
  if (typed.answered === undefined || !fits || typed.answered.includes("\0")) {
    socket.write(formatFromRelay({ word: "CANCEL" }));
    return { word: "NONE", why: typed.answered === undefined ? "given up" : "the answer is too long" };
  }
  socket.write(formatFromRelay({ word: "ANSWER", text: typed.answered }));
  agent.patience(limits.silenceMs);
  return await interrupted;
}

/** An agent that did not wait for the answer may have ended the dialogue, but can't have granted it. */
function withoutGrant(heard: Heard): Heard {
  return heard.word === "NONE" || (heard.word === "END" && heard.verdict !== "granted")
    ? heard
    : { word: "NONE", why: "the agent did not wait for the answer" };
}

const silenced: Heard = { word: "NONE", why: "the agent closed without a verdict" };

/** Lines of the agent, one at a time. */
class Ear {
  readonly #clock: Clock;
  readonly #reader = new LineReader();
  readonly #heard: Heard[] = [];
  #listener: ((heard: Heard) => void) | undefined;
  #waiting = new AbortController();

  constructor(socket: Socket, clock: Clock) {
    this.#clock = clock;
    socket.on("data", (chunk: Buffer) => {
      const lines = this.#reader.push(chunk);
      if (!lines.ok) this.#hear({ word: "NONE", why: `the agent sent ${lines.error}` });
      for (const line of lines.ok ? lines.value : []) {
        const message = parseFromAgent(line);
        this.#hear(message.ok ? message.value : { word: "NONE", why: "the agent sent a malformed line" });
      }
    });
    const closed = (): void => this.#hear(silenced);
    socket.on("end", closed);
    socket.on("close", closed);
    socket.on("error", closed);
  }

  /** What the agent says next; silence for longer than `ms` is no verdict. Undefined: as long as it takes. */
  next(ms: number | undefined): Promise<Heard> {
    const ready = this.#heard.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#listener = resolve;
      if (ms !== undefined) this.patience(ms);
    });
  }

  /** From now on, whoever waits for the next line waits no longer than this. */
  patience(ms: number): void {
    if (this.#listener === undefined) return;
    this.#clock.sleep(ms, this.#waiting.signal).then(
      () => this.#hear({ word: "NONE", why: "the agent did not answer in time" }),
      () => undefined,
    );
  }

  /** True when something other than the end of the stream follows what was given out. */
  get heldMore(): boolean {
    return this.#reader.unfinished || this.#heard.some((heard) => heard !== silenced);
  }

  #hear(heard: Heard): void {
    const listener = this.#listener;
    if (listener === undefined) {
      this.#heard.push(heard);
      return;
    }
    this.#listener = undefined;
    this.#waiting.abort();
    this.#waiting = new AbortController();
    listener(heard);
  }
}
