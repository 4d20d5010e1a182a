// Linux's TPM device: one write is a command, one read its answer.
//
// A thread of its own writes and reads, and the agent waits for the thread with a limit. Nothing less will do: while the
// driver waits for a chip, for up to minutes, even poll() and close() on a descriptor that does not block stand still.

import { Worker } from "node:worker_threads";
import type { Libc } from "../../../platform/libc.ts";
import type { Clock } from "../../../words/clock.ts";
import { silent, TpmError, unusable } from "./failures.ts";
import type { TpmTransport } from "./transport.ts";

/** Whose turn it is, and how the last one ended. The number lies in memory that both threads see. */
const turn = { agent: 0, thread: 1, answered: 2, failed: 3 } as const;
const action = { exchange: 0, close: 1 } as const;
/** The places in the shared memory: three numbers, then the bytes of command, answer or error code. */
const at = { turn: 0, action: 1, length: 2, bytes: 12 } as const;
/** No command or answer here is near it. */
const mostBytes = 4_096;

export class DeviceTransport implements TpmTransport {
  readonly #path: string;
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #shared = new SharedArrayBuffer(at.bytes + mostBytes);
  readonly #numbers = new Int32Array(this.#shared, 0, 3);
  readonly #bytes = new Uint8Array(this.#shared, at.bytes);
  #thread: Worker | undefined;
  #owed = false;

  constructor(path: string, libc: Libc, clock: Clock) {
    this.#path = path;
    this.#libc = libc;
    this.#clock = clock;
  }

  exchange(command: Uint8Array, deadlineMs: number): Uint8Array {
    this.#awaitThread(this.#owed ? this.#clock.monotonicMs() : deadlineMs);
    this.#hand(action.exchange, command);
    const ended = this.#awaitThread(deadlineMs);
    const answer = Buffer.from(this.#bytes.subarray(0, Atomics.load(this.#numbers, at.length)));
    if (ended === turn.answered) return answer;
    throw unusable(this.#path, answer.toString("latin1"));
  }

  release(): void {
    if (!this.#owed && this.#thread !== undefined) this.#hand(action.close, new Uint8Array());
  }

  pause(ms: number): void {
    this.#libc.readable(-1, ms);
  }

  #hand(what: number, bytes: Uint8Array): void {
    if (bytes.length > mostBytes) throw new TpmError("other", "the command is too long");
    this.#thread ??= this.#start();
    this.#bytes.set(bytes);
    Atomics.store(this.#numbers, at.action, what);
    Atomics.store(this.#numbers, at.length, bytes.length);
    Atomics.store(this.#numbers, at.turn, turn.thread);
    Atomics.notify(this.#numbers, at.turn);
  }

  /** It keeps no process from ending, other than by a driver that does not come back. One that dies is started anew. */
  #start(): Worker {
    const terms = JSON.stringify({ path: this.#path, turn, action, at });
    const program = `(${serve.toString()})(${terms}, require("node:worker_threads").workerData)`;
    const thread = new Worker(program, {
      eval: true,
      workerData: this.#shared,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
    });
    thread.unref();
    thread.on("error", () => undefined);
    thread.once("exit", () => {
      this.#thread = undefined;
      Atomics.store(this.#numbers, at.turn, turn.agent);
    });
    return thread;
  }

  /** How the thread's last turn ended. @throws TpmError `silent` when it goes on beyond the deadline. */
  #awaitThread(deadlineMs: number): number {
    const leftMs = Math.max(0, deadlineMs - this.#clock.monotonicMs());
    Atomics.wait(this.#numbers, at.turn, turn.thread, leftMs);
    const now = Atomics.load(this.#numbers, at.turn);
    this.#owed = now === turn.thread;
    if (this.#owed) throw silent(this.#path);
    return now;
  }
}

interface Terms {
  readonly path: string;
  readonly turn: { readonly [word: string]: number };
  readonly action: { readonly [word: string]: number };
  readonly at: { readonly [word: string]: number };
}

/** The thread's whole program. It is handed over as text, also from a bundle, so it knows nothing but its arguments. */
function serve(terms: Terms, shared: SharedArrayBuffer): never {
  const { path, turn, action, at } = terms;
  const { openSync, closeSync, readSync, writeSync, constants } = process.getBuiltinModule("node:fs");
  const numbers = new Int32Array(shared, 0, 3);
  const bytes = new Uint8Array(shared, at["bytes"]);
  const [turnAt, actionAt, lengthAt] = [at["turn"] ?? 0, at["action"] ?? 0, at["length"] ?? 0];
  let file: number | undefined;
  const close = (): void => {
    const open = file;
    file = undefined;
    if (open !== undefined) closeSync(open);
  };
  const act = (): Uint8Array => {
    if (Atomics.load(numbers, actionAt) === action["close"]) {
      close();
      return new Uint8Array();
    }
    file ??= openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    const command = Uint8Array.from(bytes.subarray(0, Atomics.load(numbers, lengthAt)));
    if (writeSync(file, command) !== command.length) throw Object.assign(new Error(), { code: "EIO" });
    const answer = new Uint8Array(bytes.length);
    return answer.subarray(0, readSync(file, answer));
  };
  for (;;) {
    const whose = Atomics.load(numbers, turnAt);
    if (whose !== turn["thread"]) {
      Atomics.wait(numbers, turnAt, whose);
      continue;
    }
    let said: Uint8Array;
    let ended = turn["answered"] ?? 0;
    try {
      said = act();
    } catch (error) {
      ended = turn["failed"] ?? 0;
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      said = Uint8Array.from(code, (letter) => letter.charCodeAt(0));
      try {
        close();
      } catch {
        // The first error says it.
      }
    }
    bytes.set(said);
    Atomics.store(numbers, lengthAt, said.length);
    Atomics.store(numbers, turnAt, ended);
    Atomics.notify(numbers, turnAt);
  }
}
