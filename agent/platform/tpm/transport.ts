// The way to the chip: one command out, one answer back, never longer than the caller can wait. Everything is synchronous,
// since nothing may happen between spending a code and counting it; so nothing here may block without a limit.
// A TPM that owes an answer is remembered: asking it again costs nothing until it has answered.

import type { Libc } from "../../../platform/libc.ts";
import type { Clock } from "../../../words/clock.ts";
import { DeviceTransport } from "./device.ts";
import { SocketTransport } from "./socket.ts";

export interface TpmTransport {
  /** @throws TpmError `absent`, `silent`, `other`. `deadlineMs` is of the monotonic clock. */
  exchange(command: Uint8Array, deadlineMs: number): Uint8Array;
  /** The TPM is free for others until the next exchange. */
  release(): void;
  pause(ms: number): void;
}

const socketPrefix = "swtpm:";

/** @param device a TPM's device file, `/dev/tpmrm0`, or `swtpm:` and the path of a Unix socket that speaks raw commands. */
export function tpmTransport(device: string, libc: Libc, clock: Clock): TpmTransport {
  return device.startsWith(socketPrefix)
    ? new SocketTransport(device.slice(socketPrefix.length), libc, clock)
    : new DeviceTransport(device, libc, clock);
}
