// Events from when they happen until the server has them: a chain, each link bound to the one before, so that none can be
// dropped, altered or moved without being seen here at the next start, and at the server.

import { chainHash, type Event } from "../../protocol/sync/events.ts";
import type { Random } from "../../words/random.ts";
import { StateDamaged } from "./failures.ts";
import type { Head } from "./head.ts";

/** An event before it has its place in the chain. */
export type EventDraft = Omit<Event, "sequence" | "id" | "atMs" | "wallMs">;

type Ends = Head["events"];

/** The lines of new events with their row ids, and the chain's end behind them. */
export function appendEvents(
  ends: Ends,
  drafts: readonly EventDraft[],
  at: { readonly nowMs: number; readonly wallMs: number },
  random: Random,
): { readonly lines: readonly { readonly id: string; readonly line: string }[]; readonly ends: Ends } {
  let { sequence, chain } = ends;
  const lines = [];
  for (const draft of drafts) {
    sequence += 1;
    const id = random.bytes(16).toHex();
    const event: Event = { sequence, id, atMs: at.nowMs, wallMs: Math.max(0, at.wallMs), ...draft };
    const line = JSON.stringify(event);
    chain = chainHash(chain, line);
    lines.push({ id: eventRowId(sequence), line });
  }
  return { lines, ends: { ...ends, sequence, chain } };
}

/** The ends once the server has the oldest `lines.length` events of the outbox. */
export function afterSending(ends: Ends, lines: readonly string[]): Ends {
  const sentChain = lines.reduce(chainHash, ends.sentChain);
  return { ...ends, sentThrough: ends.sentThrough + lines.length, sentChain };
}

/** The outbox is whole: from what was sent to the last event, nothing else. @throws StateDamaged */
export function checkOutbox(
  ends: Ends,
  rows: readonly { readonly id: string; readonly line: string }[],
): void {
  const misplaced = rows.findIndex(({ id }, index) => id !== eventRowId(ends.sentThrough + 1 + index));
  if (misplaced >= 0) throw new StateDamaged("an event is missing");
  const hash = rows.map(({ line }) => line).reduce(chainHash, ends.sentChain);
  if (ends.sentThrough + rows.length !== ends.sequence || hash !== ends.chain)
    throw new StateDamaged("the events are not those of the last commit");
}

/** Sorts as the sequence does. */
export function eventRowId(sequence: number): string {
  return String(sequence).padStart(16, "0");
}
