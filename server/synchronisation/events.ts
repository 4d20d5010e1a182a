// A machine's events, kept exactly once and in order. The chain shows what is missing or was changed.

import * as v from "valibot";
import {
  chainHash,
  chainStart,
  countDropped,
  type Dropped,
  type Event,
  eventSchema,
} from "../../protocol/sync/events.ts";
import type { RequestOf } from "../../protocol/sync/exchanges.ts";
import { type AuditEntry, record, serverEntry } from "../audit/audit.ts";
import { isoTime } from "../iso-time.ts";
import type { FormerName } from "../machines/former-names.ts";
import { flagMachine, type Machine } from "../machines/machines.ts";
import { send } from "../store/send.ts";
import type { Tx } from "../store/store.ts";
import type { FormerHolders } from "./former-holders.ts";

type Upload = RequestOf<"sync">["events"];

export interface KeptEvents {
  /** Everything up to and including this sequence is safely kept. */
  readonly through: number;
  /** Those that are new and could be read. */
  readonly fresh: readonly Event[];
}

/** Keeps what continues the chain. At a gap or a fork it stops, flags the machine, and keeps nothing from there on. */
export async function keepEvents(
  tx: Tx,
  machine: Machine,
  upload: Upload,
  holders: FormerHolders,
  nowMs: number,
): Promise<KeptEvents> {
  const anchor = await findAnchor(tx, machine, upload, nowMs);
  if (anchor === undefined) return { through: machine.eventsThrough, fresh: [] };
  let { through, hash } = anchor;
  let previous = upload.previous;
  const fresh: Event[] = [];
  let turnedBackAtMs: number | undefined;
  for (const [at, line] of upload.lines.entries()) {
    const sequence = upload.from + at;
    previous = chainHash(previous, line);
    if (sequence <= through) {
      if ((await hashAt(tx, machine.id, sequence)) === previous) continue;
      await flagMachine(tx, machine, "event-fork", nowMs, { sequence });
      break;
    }
    const event = await keepEvent(tx, machine, sequence, line, previous, holders, nowMs);
    if (event !== undefined) fresh.push(event);
    if (event?.kind === "clock-turned-back") turnedBackAtMs = event.atMs;
    if (event?.dropped !== undefined)
      await flagMachine(tx, machine, "events-dropped", nowMs, {
        sequence,
        count: countDropped(event.dropped),
      });
    through = sequence;
    hash = previous;
  }
  const kept = {
    eventsThrough: through,
    eventsHash: hash,
    ...(turnedBackAtMs === undefined ? {} : { clockTurnedBackAtMs: turnedBackAtMs }),
  };
  if (through !== machine.eventsThrough || hash !== machine.eventsHash)
    await send(tx, tx.updateTable("machines").set(kept).where("id", "=", machine.id));
  return { through, fresh };
}

/** Where the upload takes hold of the chain; undefined when it does not. */
async function findAnchor(
  tx: Tx,
  machine: Machine,
  { from, previous }: Upload,
  nowMs: number,
): Promise<{ through: number; hash: string } | undefined> {
  const through = machine.eventsThrough;
  if (from < 1) {
    await flagMachine(tx, machine, "event-malformed", nowMs, { from });
    return undefined;
  }
  if (machine.eventsHash === null) {
    const detail = { from, keptThrough: through };
    await tx.deleteFrom("events").where("machineId", "=", machine.id).where("sequence", ">=", from).execute();
    await record(tx, serverEntry(nowMs, "events-begin-anew", { machine: machine.id }, detail));
    return { through: from - 1, hash: previous };
  }
  if (from > through + 1) {
    await flagMachine(tx, machine, "event-gap", nowMs, { from, keptThrough: through });
    return undefined;
  }
  const before = from - 1 === through ? machine.eventsHash : await hashAt(tx, machine.id, from - 1);
  if (before !== previous) {
    await flagMachine(tx, machine, "event-fork", nowMs, { sequence: from - 1 });
    return undefined;
  }
  return { through, hash: machine.eventsHash };
}

async function hashAt(tx: Tx, machineId: string, sequence: number): Promise<string | undefined> {
  if (sequence === 0) return chainStart;
  const row = await tx
    .selectFrom("events")
    .select("hash")
    .where("machineId", "=", machineId)
    .where("sequence", "=", sequence)
    .executeTakeFirst();
  return row?.hash;
}

/** A line that can't be read, as from an agent newer than this server, is kept all the same: the chain goes on over it. */
async function keepEvent(
  tx: Tx,
  machine: Machine,
  sequence: number,
  line: string,
  hash: string,
  holders: FormerHolders,
  nowMs: number,
): Promise<Event | undefined> {
  const row = { machineId: machine.id, sequence, line, hash, receivedAtMs: nowMs };
  await send(tx, tx.insertInto("events").values(row));
  const event = readEvent(line);
  if (event !== undefined && event.sequence === sequence) {
    const former = event.user === undefined ? undefined : holders.of(event.user);
    await record(tx, entryOf(machine, event, former, nowMs));
    if (former !== undefined && event.kind === "disenrolled" && event.reason === "revoked")
      holders.erased(former.userName);
    return event;
  }
  await flagMachine(tx, machine, "event-malformed", nowMs, { sequence });
  await record(tx, {
    ...serverEntry(nowMs, "unreadable-event", { machine: machine.id }, { sequence }),
    source: "machine",
  });
  return undefined;
}

function readEvent(line: string): Event | undefined {
  try {
    const event = v.safeParse(eventSchema, JSON.parse(line));
    return event.success ? event.output : undefined;
  } catch {
    return undefined;
  }
}

/** Under a name that its user had, it is told under the one of today. At the machine's trusted time; its wall time and the moment of arrival stand beside it. */
function entryOf(machine: Machine, event: Event, former: FormerName | undefined, nowMs: number): AuditEntry {
  const { sequence, id, atMs, wallMs, kind, user, dropped, ...more } = event;
  return {
    atMs,
    kind,
    source: "machine",
    user: former?.holder ?? user ?? null,
    machine: machine.id,
    detail: {
      ...more,
      ...(former === undefined ? {} : { formerName: former.userName }),
      ...droppedDetail(dropped),
      event: id,
      sequence,
      wallAt: isoTime(wallMs),
      receivedAt: isoTime(nowMs),
    },
  };
}

function droppedDetail(dropped: Dropped | undefined): AuditEntry["detail"] {
  if (dropped === undefined) return {};
  return {
    said: `${countDropped(dropped)} events dropped on the machine`,
    dropped: Object.entries(dropped.counts).map(([kind, count]) => `${count} ${kind}`),
    from: isoTime(dropped.fromMs),
    through: isoTime(dropped.throughMs),
  };
}
