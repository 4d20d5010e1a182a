// The way to the chip: one command out, one answer back, never longer than the caller can wait. Everything is synchronous,
// since nothing may happen between spending a code and counting it; so nothing here may block without a limit.
// A TPM that owes an answer is remembered: asking it again costs nothing until it has answered.

import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { Clock } from "../../../words/clock.ts";
import type { Libc } from "../libc.ts";
import { malformed, TpmError } from "./failures.ts";
import { Reader } from "./marshal.ts";

export interface TpmTransport {
  /** @throws TpmError `absent`, `silent`, `other`. `deadlineMs` is of the monotonic clock. */
  exchange(command: Uint8Array, deadlineMs: number): Uint8Array;
  /** The TPM is free for others until the next exchange. */
  release(): void;
  pause(ms: number): void;
}

/** Part 3 §5.2: header of tag, size and code. No answer to what is asked here is near the upper limit. */
const headerBytes = 10;
const mostBytes = 4_096;

const socketPrefix = "swtpm:";

/** @param device a TPM's device file, `/dev/tpmrm0`, or `swtpm:` and the path of a Unix socket that speaks raw commands. */
export function tpmTransport(device: string, libc: Libc, clock: Clock): TpmTransport {
  return device.startsWith(socketPrefix)
    ? new SocketTransport(device.slice(socketPrefix.length), libc, clock)
    : new DeviceTransport(device, libc, clock);
}

abstract class Transport implements TpmTransport {
  protected readonly path: string;
  protected readonly libc: Libc;
  protected owed = false;
  #fd: number | undefined;
  readonly #clock: Clock;

  constructor(path: string, libc: Libc, clock: Clock) {
    this.path = path;
    this.libc = libc;
    this.#clock = clock;
  }

  exchange(command: Uint8Array, deadlineMs: number): Uint8Array {
    if (this.owed) this.settle(this.open());
    const fd = this.open();
    this.#send(fd, command);
    this.owed = true;
    const answer = this.receive(fd, deadlineMs);
    this.owed = false;
    return answer;
  }

  /** A descriptor that is owed an answer stays open: closing a device would wait for the answer, however long it takes. */
  release(): void {
    if (!this.owed) this.close();
  }

  pause(ms: number): void {
    this.libc.readable(-1, ms);
  }

  protected abstract connect(): number;
  /** Gets rid of the answer that came too late. @throws TpmError `silent` while there is none. */
  protected abstract settle(fd: number): void;
  protected abstract receive(fd: number, deadlineMs: number): Uint8Array;

  protected open(): number {
    this.#fd ??= this.connect();
    return this.#fd;
  }

  protected close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.owed = false;
  }

  protected wait(fd: number, deadlineMs: number): void {
    for (;;) {
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      if (leftMs <= 0) throw silent(this.path);
      if (this.libc.readable(fd, leftMs)) return;
    }
  }

  /** At most `most` bytes of what is there. Nothing at all is the end of the connection. */
  protected read(fd: number, most: number): Uint8Array {
    const bytes = Buffer.alloc(most);
    try {
      const count = readSync(fd, bytes);
      if (count > 0) return bytes.subarray(0, count);
    } catch (error) {
      this.close();
      throw unusable(this.path, error);
    }
    this.close();
    throw new TpmError("other", `${this.path} closed the connection`);
  }

  #send(fd: number, command: Uint8Array): void {
    let sent = 0;
    try {
      sent = writeSync(fd, command);
    } catch (error) {
      if (codeOf(error) === "EBUSY") throw silent(this.path, error);
      this.close();
      throw unusable(this.path, error);
    }
    if (sent === command.length) return;
    this.close();
    throw new TpmError("other", `${this.path} took a part of a command only`);
  }
}

/**
 * Linux's TPM device: one write is a command, one read its answer. Without blocking (Linux 4.20 and newer), so that the
 * wait can be limited; the kernel itself would wait for minutes.
 */
class DeviceTransport extends Transport {
  protected connect(): number {
    try {
      return openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
    } catch (error) {
      throw unusable(this.path, error);
    }
  }

  protected settle(fd: number): void {
    if (this.libc.readable(fd, 0)) this.read(fd, mostBytes);
    // The kernel throws away an answer that nobody fetches; while there is none to come, it takes no command: EBUSY.
    this.owed = false;
  }

  protected receive(fd: number, deadlineMs: number): Uint8Array {
    this.wait(fd, deadlineMs);
    return this.read(fd, mostBytes);
  }
}

/** A simulated TPM's socket: a stream, in which the header tells where an answer ends. */
class SocketTransport extends Transport {
  protected connect(): number {
    const fd = this.libc.connectStream(this.path);
    if (fd === undefined) throw new TpmError("absent", `nothing listens on ${this.path}`);
    return fd;
  }

  protected settle(fd: number): void {
    if (!this.libc.readable(fd, 0)) throw silent(this.path);
    this.close();
  }

  protected receive(fd: number, deadlineMs: number): Uint8Array {
    const header = this.#exactly(fd, headerBytes, deadlineMs);
    const size = new Reader(header.subarray(2)).uint32();
    if (size < headerBytes || size > mostBytes) throw malformed("its length is impossible");
    return Buffer.concat([header, this.#exactly(fd, size - headerBytes, deadlineMs)]);
  }

  #exactly(fd: number, count: number, deadlineMs: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let left = count; left > 0; ) {
      this.wait(fd, deadlineMs);
      const part = this.read(fd, left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }
}

function silent(path: string, cause?: unknown): TpmError {
  return new TpmError("silent", `the TPM at ${path} does not answer`, undefined, cause);
}

const noSuchDevice = ["ENOENT", "ENODEV", "ENXIO", "ENOTDIR"];
const notPermitted = ["EACCES", "EPERM", "EROFS"];

function unusable(path: string, error: unknown): TpmError {
  const code = codeOf(error);
  if (noSuchDevice.includes(code))
    return new TpmError("absent", `there is no TPM at ${path}`, undefined, error);
  if (notPermitted.includes(code))
    return new TpmError(
      "absent",
      `the TPM at ${path} may not be opened: the agent's account needs the group tss`,
      undefined,
      error,
    );
  return new TpmError("other", `the TPM at ${path} can't be used (${code})`, undefined, error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
