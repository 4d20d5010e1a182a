// A machine's events: what happened, in order, each bound to the one before, so that a gap or a change shows.

import { createHash } from "node:crypto";
import * as v from "valibot";
import { kinds } from "../../words/kind.ts";
import { wholeNumber } from "./encoding.ts";

export const eventKinds = [
  "joined",
  "enrolled",
  "bundle-refused",
  "disenrolled",
  "machine-revoked",
  "sign-in-granted",
  "sign-in-denied",
  "sign-in-locked",
  "sign-in-unavailable",
  "help-desk-shown",
  "help-desk-granted",
  "help-desk-denied",
  "server-unreachable",
  "server-not-trusted",
  "server-reachable",
  "clock-turned-back",
  "state-damaged",
  "configuration-changed",
  "events-dropped",
  "keys-rotated",
] as const;
export type EventKind = (typeof eventKinds)[number];

/** Of `events-dropped`: what happened while there was no room for it, how often, and from when to when. */
export const droppedSchema = v.strictObject({
  counts: v.record(v.picklist(eventKinds), wholeNumber),
  fromMs: wholeNumber,
  throughMs: wholeNumber,
});
export type Dropped = v.InferOutput<typeof droppedSchema>;

export function countDropped({ counts }: Dropped): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export const eventSchema = v.strictObject({
  /** 1, 2, 3, …: never reused by one machine. */
  sequence: wholeNumber,
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  /** Trusted time, and what the wall clock said. */
  atMs: wholeNumber,
  wallMs: wholeNumber,
  kind: v.picklist(eventKinds),
  /** Without a zero byte, which not every database can hold. */
  user: v.optional(v.pipe(v.string(), v.maxBytes(256), v.excludes("\0"))),
  signIn: v.optional(v.picklist(kinds)),
  service: v.optional(v.pipe(v.string(), v.maxBytes(128))),
  offline: v.optional(v.boolean()),
  method: v.optional(v.pipe(v.string(), v.maxLength(64))),
  /** Why, in a stable word: `wrong-code`, `used-code`, `lease-expired`, … */
  reason: v.optional(v.pipe(v.string(), v.maxLength(64))),
  dropped: v.optional(droppedSchema),
});
export type Event = v.InferOutput<typeof eventSchema>;

/** An event's line is its JSON, kept and sent as the same bytes; the chain runs over lines. */
export const eventLine = v.pipe(v.string(), v.maxBytes(2_048));

/** Before the first event. */
export const chainStart = "0".repeat(64);

/** SHA-256, in hex, over the hash before (64 hex digits) and the event's line. */
export function chainHash(previous: string, line: string): string {
  return createHash("sha256").update(previous, "ascii").update(line, "utf8").digest("hex");
}
