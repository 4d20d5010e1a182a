// Commands and their answers (Part 1 §18): one conversation with a TPM, which may last so long and no longer.

import type { Clock } from "../../../words/clock.ts";
import { malformed, responseFailure, TpmError } from "./failures.ts";
import { Reader, uint16, uint32 } from "./marshal.ts";
import { type CommandCode, TPM_CC, TPM_ST } from "./names.ts";
import type { Session } from "./session.ts";
import type { TpmTransport } from "./transport.ts";

/** A handle, and the Name under which an HMAC session authorizes it (Part 1 §16). */
export interface Entity {
  readonly handle: number;
  readonly name: Uint8Array;
}

/** Things of the TPM's own are named by their handle. */
export function permanent(handle: number): Entity {
  return { handle, name: uint32(handle) };
}

export interface Command {
  readonly code: CommandCode;
  readonly handles?: readonly Entity[];
  /** Authorizes the first handle. Without one nothing is authorized. */
  readonly session?: Session;
  readonly parameters?: readonly Uint8Array[];
  /** The answer begins with a handle. */
  readonly makes?: "handle";
}

export interface Answer {
  /** 0 where the command makes none. */
  readonly handle: number;
  readonly parameters: Reader;
}

const firstPauseMs = 10;
const mostTries = 6;

export class Tpm {
  readonly #transport: TpmTransport;
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  constructor(transport: TpmTransport, clock: Clock, withinMs: number) {
    this.#transport = transport;
    this.#clock = clock;
    this.#deadlineMs = clock.monotonicMs() + withinMs;
  }

  /**
   * A command that the TPM says it did not carry out is sent again, a few times. One that got no answer never is: an
   * increment could count twice. @throws TpmError
   */
  run(command: Command): Answer {
    const bytes = marshalled(command);
    for (let tries = 1, pauseMs = firstPauseMs; ; tries += 1, pauseMs *= 2) {
      const answer = this.#transport.exchange(bytes, this.#deadlineMs);
      try {
        return unmarshalled(command, answer);
      } catch (error) {
        const again = error instanceof TpmError && error.failure === "busy" && tries < mostTries;
        if (!again || this.#clock.monotonicMs() + pauseMs >= this.#deadlineMs) throw error;
      }
      this.#transport.pause(pauseMs);
    }
  }

  /**
   * Uses something that lies in the TPM's scarce memory, and frees it whatever happens. That freeing fails is no reason
   * to fail: the device file's resource manager frees it when it is closed.
   */
  using<T>(handle: number, use: () => T): T {
    try {
      return use();
    } finally {
      this.#flush(handle);
    }
  }

  /** The TPM is free for others. */
  end(): void {
    this.#transport.release();
  }

  #flush(handle: number): void {
    try {
      this.run({ code: TPM_CC.FlushContext, parameters: [uint32(handle)] });
    } catch (error) {
      if (!(error instanceof TpmError)) throw error;
    }
  }
}

function marshalled({ code, handles = [], session, parameters = [] }: Command): Uint8Array {
  const plain = Buffer.concat(parameters);
  const sent = session?.seal(plain) ?? plain;
  const body: Uint8Array[] = handles.map(({ handle }) => uint32(handle));
  if (session !== undefined) {
    const names = handles.map(({ name }) => name);
    const area = session.authorization(code, names, sent);
    body.push(uint32(area.length), area);
  }
  const content = Buffer.concat([...body, sent]);
  const tag = session === undefined ? TPM_ST.NO_SESSIONS : TPM_ST.SESSIONS;
  return Buffer.concat([uint16(tag), uint32(content.length + 10), uint32(code), content]);
}

/** @throws TpmError: the failure that the answer tells, or that it can't be an answer to this command. */
export function unmarshalled({ code, session, makes }: Command, bytes: Uint8Array): Answer {
  const reader = new Reader(bytes);
  const tag = reader.uint16();
  const size = reader.uint32();
  if (size !== bytes.length) throw malformed("its length is not what it says");
  const response = reader.uint32();
  if (response !== 0) throw responseFailure(code, response);
  if (tag !== (session === undefined ? TPM_ST.NO_SESSIONS : TPM_ST.SESSIONS))
    throw malformed("its tag is wrong");
  const handle = makes === "handle" ? reader.uint32() : 0;
  if (session === undefined) return { handle, parameters: reader };
  const parameters = reader.bytes(reader.uint32());
  const opened = session.open(code, reader, parameters);
  reader.end();
  return { handle, parameters: new Reader(opened) };
}
