// The couriers' half of the queue: a message is leased before it is sent, so that of several instances one sends it, and
// settled after. What a courier that died had leased is free again when the lease is over.
//
// Accepted: a message that was handed over and not settled, because the process died in between or the receiver's "yes"
// did not arrive, is sent a second time, under the same Message-ID.

import { minuteMs, secondMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import type { Store, Tx } from "../store/store.ts";
import type { MessageState, MessageTable } from "../store/tables.ts";
import { waitMs } from "./back-off.ts";
import type { Letter } from "./letter.ts";

/** The longest that one try may take. */
export const tryMs = 90 * secondMs;
/** Longer than a try by more than the clocks of two instances differ. */
const leaseMs = tryMs + minuteMs;
/** A message that has brought couriers down so often is not tried again. */
const mostTries = 50;
const mostAtOnce = 100;

export interface Claimed {
  readonly id: string;
  readonly channel: MessageTable["channel"];
  readonly recipient: string;
  /** Undefined when what is kept of it does not open. */
  readonly letter: Letter | undefined;
  readonly urgent: boolean;
  readonly tries: number;
  readonly lease: string;
}

export type Sending =
  | { readonly kind: "sent" }
  | { readonly kind: "failed"; readonly permanent: boolean; readonly problem: string }
  /** Cut short by the server's own end: somebody else goes on at once. */
  | { readonly kind: "stopped" };

const due = (channels: readonly MessageTable["channel"][], nowMs: number, db: Store["db"]) =>
  db
    .selectFrom("messages")
    .select(["id", "channel", "recipient", "sealed", "urgency", "tries"])
    .where("state", "=", "waiting")
    .where("channel", "in", channels)
    .where("nextTryAtMs", "<=", nowMs)
    .where("expiresAtMs", ">", nowMs)
    .where((expression) =>
      expression.or([expression("leasedUntilMs", "is", null), expression("leasedUntilMs", "<=", nowMs)]),
    )
    .orderBy("urgency", "desc")
    .orderBy("nextTryAtMs")
    .orderBy("id");

/** The try is counted when this returns. */
export async function claim(
  store: Store,
  vault: Vault,
  channels: readonly MessageTable["channel"][],
  most: number,
  random: Random,
  nowMs: number,
): Promise<Claimed[]> {
  if (channels.length === 0 || most === 0) return [];
  if ((await due(channels, nowMs, store.db).limit(1).execute()).length === 0) return [];
  const lease = random.bytes(16).toHex();
  const rows = await store.write(async (tx) => {
    const found = await due(channels, nowMs, tx).limit(most).execute();
    if (found.length === 0) return [];
    const ids = found.map(({ id }) => id);
    await tx
      .updateTable("messages")
      .set((expression) => ({
        leasedBy: lease,
        leasedUntilMs: nowMs + leaseMs,
        tries: expression("tries", "+", 1),
      }))
      .where("id", "in", ids)
      .execute();
    return found;
  });
  return rows.map(({ id, channel, recipient, sealed, urgency, tries }) => {
    const letter = openLetter(vault, id, sealed ?? "");
    return { id, channel, recipient, letter, urgent: urgency > 0, tries: tries + 1, lease };
  });
}

/** One that is damaged must not keep the others from going out. */
export function openLetter(vault: Vault, id: string, sealed: string): Letter | undefined {
  try {
    return JSON.parse(Buffer.from(vault.open({ table: "messages", id }, sealed)).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** Nothing happens when the lease is another's by now, or the message was cancelled. */
export async function settle(
  tx: Tx,
  message: Claimed,
  sending: Sending,
  random: Random,
  nowMs: number,
): Promise<void> {
  const row = await tx
    .selectFrom("messages")
    .select(["id", "kind", "userId", "problem"])
    .where("id", "=", message.id)
    .where("leasedBy", "=", message.lease)
    .where("state", "=", "waiting")
    .executeTakeFirst();
  if (row === undefined) return;
  switch (sending.kind) {
    case "sent":
      return end(tx, row, "sent", null, nowMs);
    case "stopped":
      return free(tx, row.id, nowMs, row.problem);
    case "failed": {
      if (sending.permanent || message.tries >= mostTries)
        return end(tx, row, "failed", sending.problem, nowMs);
      const wait = waitMs(message.tries, message.urgent, random);
      return free(tx, row.id, nowMs + wait, sending.problem);
    }
  }
}

async function free(tx: Tx, id: string, nextTryAtMs: number, problem: string | null): Promise<void> {
  await tx
    .updateTable("messages")
    .set({ leasedBy: null, leasedUntilMs: null, nextTryAtMs, problem })
    .where("id", "=", id)
    .execute();
}

/** What it said goes with the same commit. */
async function end(
  tx: Tx,
  row: { readonly id: string; readonly kind: string; readonly userId: string | null },
  state: MessageState,
  problem: string | null,
  nowMs: number,
): Promise<void> {
  await tx
    .updateTable("messages")
    .set({ state, sealed: null, leasedBy: null, leasedUntilMs: null, problem, endedAtMs: nowMs })
    .where("id", "=", row.id)
    .execute();
  if (state === "sent") return;
  const user = await tx
    .selectFrom("users")
    .select("name")
    .where("id", "=", row.userId ?? "")
    .executeTakeFirst();
  const about = user === undefined ? {} : { user: user.name };
  const detail = { message: row.id, about: row.kind, problem: problem ?? state };
  await record(tx, serverEntry(nowMs, "mail-failed", about, detail));
}

/** Whatever has waited past its time, and is not being sent at this moment, goes unsent. */
export async function expireMessages(store: Store, nowMs: number): Promise<void> {
  const over = (db: Store["db"]) =>
    db
      .selectFrom("messages")
      .select(["id", "kind", "userId", "problem"])
      .where("state", "=", "waiting")
      .where("expiresAtMs", "<=", nowMs)
      .where((expression) =>
        expression.or([expression("leasedUntilMs", "is", null), expression("leasedUntilMs", "<=", nowMs)]),
      )
      .orderBy("id")
      .limit(mostAtOnce);
  if ((await over(store.db).execute()).length === 0) return;
  await store.write(async (tx) => {
    for (const row of await over(tx).execute()) await end(tx, row, "expired", row.problem, nowMs);
  });
}
