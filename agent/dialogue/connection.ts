// One dialogue from its first byte to its last: phases, time and authority. What is asked and decided is `Converse`'s.
// Knows no socket: bytes come in through `received`, lines go out through `Wire`.

import { limits } from "../../protocol/dialogue/limits.ts";
import { LineReader } from "../../protocol/dialogue/lines.ts";
import {
  type Begin,
  type End,
  type FromRelay,
  formatFromAgent,
  parseFromRelay,
} from "../../protocol/dialogue/messages.ts";
import type { Clock } from "../../words/clock.ts";
import { unreachable } from "../../words/unreachable.ts";
import { parseUserName } from "../../words/user-name.ts";
import type { Log } from "../log/log.ts";
import { type Phase, permits } from "./phases.ts";
import type { Seat } from "./room.ts";
import { type Caller, type Converse, DialogueOver, type Talk } from "./talk.ts";

/** The way to the relay. */
export interface Wire {
  /** Queues a line. False when too much is queued already: the relay does not read. */
  send(line: string): boolean;
  /** Sends the last line, if there is one, and closes when it is out. */
  close(last?: string): void;
}

export interface ConnectionParts {
  /** Marks this dialogue's lines in the log. */
  readonly id: number;
  readonly caller: Caller;
  readonly wire: Wire;
  readonly seat: Seat;
  readonly clock: Clock;
  readonly converse: Converse;
  readonly log: Log;
}

const unavailable: End = { word: "END", verdict: "unavailable" };

/**
 * Guarantees: END is written at most once and nothing after it; `granted` is written only if Converse said so while
 * the relay was still there and had broken no rule; the seat is given back only when Converse has finished too, so
 * that giving up many times does not start more work than the room allows.
 */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #reader = new LineReader();
  readonly #over = new AbortController();
  #phase: Phase = "waiting";
  #question: { answer(text: string): void; abandon(): void } | undefined;
  #conversing = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    void this.#after(limits.silenceMs, this.#over.signal, () => {
      if (this.#phase === "waiting") this.#refuse("nothing was begun in time");
    });
    void this.#after(limits.dialogueMs, this.#over.signal, () =>
      this.#end(unavailable, "the dialogue took too long"),
    );
  }

  /** Bytes from the relay. Never throws. */
  received(chunk: Uint8Array): void {
    if (this.#isOver) return;
    const lines = this.#reader.push(chunk);
    if (!lines.ok) this.#refuse(lines.error);
    for (const line of lines.ok ? lines.value : []) {
      // What follows a refusal in the same chunk is not looked at.
      if (this.#isOver) return;
      const message = parseFromRelay(line);
      if (!message.ok) this.#refuse(message.error);
      else if (!permits(this.#phase, message.value.word)) this.#refuse(`${message.value.word} out of turn`);
      else this.#take(message.value);
    }
  }

  /** The relay has closed, half-closed or broken: there is nobody to talk to. */
  gone(): void {
    this.#stop("the relay has gone", () => this.#parts.wire.close());
  }

  /** The agent stops. */
  stop(): void {
    this.#end(unavailable, "the agent stops");
  }

  get #isOver(): boolean {
    return this.#phase === "over";
  }

  #take(message: FromRelay): void {
    switch (message.word) {
      case "BEGIN":
        this.#begin(message);
        break;
      case "ANSWER":
        this.#question?.answer(message.text);
        break;
      case "CANCEL":
        this.#end(unavailable, "the person gave up");
        break;
      default:
        unreachable(message);
    }
  }

  #begin(begin: Begin): void {
    const { caller, seat } = this.#parts;
    if (!mayBegin(caller, begin)) {
      this.#refuse("this caller may not begin for this user");
    } else if (!seat.takeFor(begin.user)) {
      this.#refuse("too many dialogues are open for this user");
    } else {
      this.#phase = "thinking";
      this.#conversing = true;
      void this.#converse(begin);
    }
  }

  async #converse(begin: Begin): Promise<void> {
    const { converse, caller, log, id } = this.#parts;
    try {
      // Not before the rest of this chunk was looked at: an answer sent along with BEGIN answers no question.
      await Promise.resolve();
      const end = await converse(begin, caller, this.#talk());
      if (this.#isOver) log.debug("a verdict came too late for its relay", { dialogue: id });
      else this.#end(end, undefined);
    } catch (error) {
      // DialogueOver is how a conversation learns that it is over; at any other time even that is a fault.
      if (!(this.#isOver && error instanceof DialogueOver))
        log.error("a sign-in failed", { dialogue: id, error });
      this.#end(unavailable, undefined);
    } finally {
      this.#conversing = false;
      this.#leaveIfDone();
    }
  }

  #talk(): Talk {
    return {
      show: (tone, text) => {
        if (!this.#isOver) this.#send(formatFromAgent({ word: "SHOW", tone, text }));
      },
      ask: (echo, text) => this.#ask(echo, text),
      over: this.#over.signal,
    };
  }

  #ask(echo: "hidden" | "shown", text: string): Promise<string> {
    if (this.#isOver) return Promise.reject(new DialogueOver("the dialogue is over"));
    if (this.#question !== undefined) return Promise.reject(new Error("two questions at once"));
    return new Promise((resolve, reject) => {
      const answered = new AbortController();
      const close = (phase: Phase): void => {
        this.#question = undefined;
        this.#phase = phase;
        answered.abort();
      };
      this.#question = {
        answer: (given) => {
          close("thinking");
          resolve(given);
        },
        abandon: () => {
          close("over");
          reject(new DialogueOver("the dialogue is over"));
        },
      };
      this.#phase = "asking";
      void this.#after(limits.answerMs, answered.signal, () =>
        this.#end(unavailable, "no answer came in time"),
      );
      this.#send(formatFromAgent({ word: "ASK", echo, text }));
    });
  }

  #send(line: string): void {
    if (!this.#parts.wire.send(line)) this.#stop("the relay does not read", () => this.#parts.wire.close());
  }

  #refuse(why: string): void {
    this.#end({ word: "END", verdict: "refused", why }, why);
  }

  #end(end: End, why: string | undefined): void {
    this.#stop(why, () => this.#parts.wire.close(formatFromAgent(end)));
  }

  #stop(why: string | undefined, close: () => void): void {
    if (this.#isOver) return;
    const { log, id, caller } = this.#parts;
    if (why !== undefined)
      log.info("a dialogue ended without a verdict", { dialogue: id, uid: caller.uid, why });
    this.#phase = "over";
    close();
    this.#question?.abandon();
    this.#over.abort(new DialogueOver("the dialogue is over"));
    this.#leaveIfDone();
  }

  #leaveIfDone(): void {
    if (this.#isOver && !this.#conversing) this.#parts.seat.leave();
  }

  async #after(ms: number, stop: AbortSignal, then: () => void): Promise<void> {
    try {
      await this.#parts.clock.sleep(ms, stop);
    } catch {
      return;
    }
    then();
  }
}

/** Root may begin for anyone; anybody else only for the account that it runs as. */
function mayBegin(caller: Caller, begin: Begin): boolean {
  if (caller.uid === 0) return true;
  const own = parseUserName(caller.userName);
  return own.ok && own.value === begin.user;
}
