// The head of state: one sealed record that every commit writes anew. It binds the generation, the set of all rows, the
// end of the event chain, and what is known of time.

import * as v from "valibot";
import { wholeNumber } from "../../protocol/sync/encoding.ts";
import { chainStart, droppedSchema } from "../../protocol/sync/events.ts";

const hex64 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

export const headSchema = v.strictObject({
  /** Rises by one with each commit. */
  generation: wholeNumber,
  /** Of the names of all rows but head and events: row-names.ts. */
  digest: hex64,
  time: v.strictObject({
    highWaterMs: wholeNumber,
    anchor: v.nullable(
      v.strictObject({ serverMs: wholeNumber, sinceBootMs: wholeNumber, bootId: v.string() }),
    ),
  }),
  events: v.strictObject({
    /** Of the last event; 0 before the first. */
    sequence: wholeNumber,
    chain: hex64,
    /** The last one that the server has safely, and the chain there. Later ones are the outbox. */
    sentThrough: wholeNumber,
    sentChain: hex64,
    /** Events that found no room and are not in the chain; told by an event as soon as there is room again. */
    dropped: v.optional(v.nullable(droppedSchema), null),
  }),
  /** How often what users have spent was written, as the protector's counter has it; null where there is no counter. */
  spends: v.nullable(wholeNumber),
  /** Sequence numbers below this have been, or may have been, used in requests. */
  requestSequence: wholeNumber,
  /** The highest serial of a revocation carried out. */
  revokedThrough: wholeNumber,
  /** When a sync last went through; null before. */
  lastSyncAtMs: v.nullable(wholeNumber),
});
export type Head = v.InferOutput<typeof headSchema>;

export function firstHead(time: Head["time"], digest: string, spends: number | null): Head {
  return {
    generation: 0,
    digest,
    time,
    spends,
    events: { sequence: 0, chain: chainStart, sentThrough: 0, sentChain: chainStart, dropped: null },
    requestSequence: 1,
    revokedThrough: 0,
    lastSyncAtMs: null,
  };
}
