// What time it is, for a machine whose clock a thief can set. Pure.
//
// In the boot of the last contact with the server, time is the server's signed word plus what has passed since (a clock
// that can't be set): the wall clock is not asked. After a reboot it is the wall clock, but never earlier than the
// latest time ever committed; a wall clock that is behind that by more than the tolerance is known to be wrong, and
// nothing is judged by it until the server has been heard again.

import type { Moment } from "./moment.ts";

/** What is kept of time, inside the sealed head of state. */
export interface TimeRecord {
  /** The latest trusted time of any commit. A contact with the server sets it anew, also backwards. */
  readonly highWaterMs: number;
  /** The last server-signed time, and when in which boot it was heard. */
  readonly anchor: {
    readonly serverMs: number;
    readonly sinceBootMs: number;
    readonly bootId: string;
  } | null;
}

export interface ClockReading {
  readonly wallMs: number;
  readonly sinceBootMs: number;
  readonly bootId: string;
}

export type TrustedTime =
  | { readonly state: "trusted"; readonly moment: Moment }
  | { readonly state: "turned-back"; readonly behindMs: number; readonly moment: Moment };

/** Small steps back are what time synchronisation does. Within them the high-water mark itself is "now". */
export const turnedBackToleranceMs = 60_000;

export function trustedTime(record: TimeRecord, reading: ClockReading): TrustedTime {
  const { sinceBootMs, bootId, wallMs } = reading;
  const { anchor, highWaterMs } = record;
  if (anchor !== null && anchor.bootId === bootId && sinceBootMs >= anchor.sinceBootMs) {
    const nowMs = anchor.serverMs + (sinceBootMs - anchor.sinceBootMs);
    return { state: "trusted", moment: { nowMs: Math.max(nowMs, highWaterMs), sinceBootMs, bootId } };
  }
  const moment = { nowMs: Math.max(wallMs, highWaterMs), sinceBootMs, bootId };
  const behindMs = highWaterMs - wallMs;
  return behindMs > turnedBackToleranceMs
    ? { state: "turned-back", behindMs, moment }
    : { state: "trusted", moment };
}

/** After a commit at `nowMs`: the mark only rises. */
export function withCommit(record: TimeRecord, nowMs: number): TimeRecord {
  return { ...record, highWaterMs: Math.max(record.highWaterMs, nowMs) };
}

/** After the server's signed word: the mark is set anew, so that a far jump forward doesn't poison it for ever. */
export function withServerTime(serverMs: number, reading: ClockReading): TimeRecord {
  return {
    highWaterMs: serverMs,
    anchor: { serverMs, sinceBootMs: reading.sinceBootMs, bootId: reading.bootId },
  };
}
