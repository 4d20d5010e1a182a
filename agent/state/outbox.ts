// Events from when they happen until the server has them: a chain, each link bound to the one before, so that none can be
// dropped, altered or moved without being seen here at the next start, and at the server.

import { chainHash, type Dropped, type Event, type EventKind } from "../../protocol/sync/events.ts";
import type { Random } from "../../words/random.ts";
import { StateDamaged } from "./failures.ts";
import type { Head } from "./head.ts";

/** An event before it has its place in the chain. */
export type EventDraft = Omit<Event, "sequence" | "id" | "atMs" | "wallMs" | "dropped">;

type Ends = Head["events"];

export interface Waiting {
  readonly events: number;
  readonly bytes: number;
}

/**
 * What may wait for the server. Whatever finds no room is counted, and its commit goes on: no sign-in fails for it. What
 * anybody can make happen as often as they like leaves the last fifth free, so that it never drives out what tells more.
 */
export const mostWaiting: Waiting = { events: 10_000, bytes: 4 * 1_048_576 };
const mostRepeatable: Waiting = { events: 8_000, bytes: 0.8 * mostWaiting.bytes };

const repeatable: readonly EventKind[] = [
  "sign-in-denied",
  "sign-in-locked",
  "sign-in-unavailable",
  "help-desk-shown",
  "help-desk-denied",
  "server-unreachable",
  "server-not-trusted",
  "server-reachable",
  "events-dropped",
];
/** Sign-ins that asked nobody for anything. */
const unasked = ["exempt", "out-of-scope", "skipped"];

interface Appended {
  readonly lines: readonly { readonly id: string; readonly line: string }[];
  readonly ends: Ends;
}

/** The lines of new events with their row ids, and the chain's end behind them; what was dropped before comes first. */
export function appendEvents(
  before: Ends,
  waiting: Waiting,
  drafts: readonly EventDraft[],
  at: { readonly nowMs: number; readonly wallMs: number },
  random: Random,
): Appended {
  const lines: { readonly id: string; readonly line: string }[] = [];
  let { sequence, chain, dropped } = before;
  let { events, bytes } = waiting;
  const add = (draft: Omit<Event, "sequence" | "id" | "atMs" | "wallMs">): boolean => {
    const id = random.bytes(16).toHex();
    const event: Event = {
      sequence: sequence + 1,
      id,
      atMs: at.nowMs,
      wallMs: Math.max(0, at.wallMs),
      ...draft,
    };
    const line = JSON.stringify(event);
    const most = isRepeatable(event) ? mostRepeatable : mostWaiting;
    const size = Buffer.byteLength(line, "utf8");
    if (events + 1 > most.events || bytes + size > most.bytes) return false;
    sequence += 1;
    events += 1;
    bytes += size;
    chain = chainHash(chain, line);
    lines.push({ id: eventRowId(sequence), line });
    return true;
  };
  if (dropped !== null && add({ kind: "events-dropped", dropped })) dropped = null;
  for (const draft of drafts) if (!add(draft)) dropped = alsoDropped(dropped, draft.kind, at.nowMs);
  return { lines, ends: { ...before, sequence, chain, dropped } };
}

function isRepeatable({ kind, method }: Event): boolean {
  return repeatable.includes(kind) || (kind === "sign-in-granted" && unasked.includes(method ?? ""));
}

function alsoDropped(before: Dropped | null, kind: EventKind, nowMs: number): Dropped {
  const { counts, fromMs } = before ?? { counts: {}, fromMs: nowMs };
  const count = Math.min((counts[kind] ?? 0) + 1, Number.MAX_SAFE_INTEGER);
  return { counts: { ...counts, [kind]: count }, fromMs, throughMs: Math.max(fromMs, nowMs) };
}

export function withLines(waiting: Waiting, lines: readonly { readonly line: string }[]): Waiting {
  return {
    events: waiting.events + lines.length,
    bytes: waiting.bytes + bytesOf(lines.map(({ line }) => line)),
  };
}

export function without(waiting: Waiting, lines: readonly string[]): Waiting {
  return { events: waiting.events - lines.length, bytes: waiting.bytes - bytesOf(lines) };
}

function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line, "utf8"), 0);
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
