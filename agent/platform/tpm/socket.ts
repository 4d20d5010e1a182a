// A simulated TPM's socket: a stream, in which the header of an answer tells where it ends (Part 3 §5.2).

import { closeSync, readSync, writeSync } from "node:fs";
import type { Libc } from "../../../platform/libc.ts";
import type { Clock } from "../../../words/clock.ts";
import { malformed, silent, TpmError, unusable } from "./failures.ts";
import { Reader } from "./marshal.ts";
import type { TpmTransport } from "./transport.ts";

const headerBytes = 10;
const mostBytes = 4_096;

export class SocketTransport implements TpmTransport {
  readonly #path: string;
  readonly #libc: Libc;
  readonly #clock: Clock;
  #fd: number | undefined;
  #owed = false;

  constructor(path: string, libc: Libc, clock: Clock) {
    this.#path = path;
    this.#libc = libc;
    this.#clock = clock;
  }

  exchange(command: Uint8Array, deadlineMs: number): Uint8Array {
    this.#settle();
    const fd = this.#open();
    this.#send(fd, command);
    this.#owed = true;
    const header = this.#exactly(fd, headerBytes, deadlineMs);
    const size = new Reader(header.subarray(2)).uint32();
    if (size < headerBytes || size > mostBytes) {
      this.#close();
      throw malformed("its length is impossible");
    }
    const answer = Buffer.concat([header, this.#exactly(fd, size - headerBytes, deadlineMs)]);
    this.#owed = false;
    return answer;
  }

  /** A line that is owed an answer stays open, to see when it comes. */
  release(): void {
    if (!this.#owed) this.#close();
  }

  pause(ms: number): void {
    this.#libc.readable(-1, ms);
  }

  /** An answer that comes too late is nobody's: the line is left for a new one. */
  #settle(): void {
    if (!this.#owed || this.#fd === undefined) return;
    if (!this.#libc.readable(this.#fd, 0)) throw silent(this.#path);
    this.#close();
  }

  #open(): number {
    this.#fd ??= this.#libc.connectStream(this.#path);
    if (this.#fd === undefined) throw new TpmError("absent", `nothing listens on ${this.#path}`);
    return this.#fd;
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#owed = false;
  }

  #send(fd: number, command: Uint8Array): void {
    const sent = this.#closingOnError(() => writeSync(fd, command));
    if (sent === command.length) return;
    this.#close();
    throw unusable(this.#path, "EAGAIN");
  }

  #exactly(fd: number, count: number, deadlineMs: number): Uint8Array {
    const bytes = Buffer.alloc(count);
    for (let done = 0; done < count; ) {
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      if (leftMs <= 0) throw silent(this.#path);
      if (!this.#libc.readable(fd, leftMs)) continue;
      const more = this.#closingOnError(() => readSync(fd, bytes, done, count - done, null));
      if (more === 0) {
        this.#close();
        throw new TpmError("other", `${this.#path} closed the connection`);
      }
      done += more;
    }
    return bytes;
  }

  #closingOnError<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#close();
      throw unusable(this.#path, error instanceof Error && "code" in error ? String(error.code) : "unknown");
    }
  }
}
