// Messages that wait to be sent: written in the same transaction as what causes them, sent by the couriers of all
// instances, kept for a while without their content.

import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import type { Db, Tx } from "../store/store.ts";
import type { MessageTable } from "../store/tables.ts";
import { mailboxOf } from "./address.ts";
import type { Asker } from "./code-limits.ts";
import type { Letter } from "./letter.ts";

/** More than these waiting, and no more is taken in. */
export const mostWaiting = 10_000;

export interface NewMessage {
  readonly channel: MessageTable["channel"];
  readonly kind: string;
  readonly userId: string | null;
  readonly recipient: string;
  readonly letter: Letter;
  readonly lifeMs: number;
  readonly urgent: boolean;
  /** Of a code: who asked for it. */
  readonly by?: Asker;
}

/** False when the queue is full: nothing was written. */
export async function enqueue(
  tx: Tx,
  vault: Vault,
  message: NewMessage,
  random: Random,
  nowMs: number,
): Promise<boolean> {
  if ((await countWaiting(tx)) >= mostWaiting) return false;
  const id = random.bytes(16).toHex();
  const { channel, kind, userId, recipient } = message;
  const sealed = vault.seal({ table: "messages", id }, Buffer.from(JSON.stringify(message.letter), "utf8"));
  await tx
    .insertInto("messages")
    .values({
      id,
      channel,
      kind,
      urgency: message.urgent ? 1 : 0,
      userId,
      recipient,
      mailbox: mailboxOf(recipient),
      asker: message.by?.asker ?? null,
      askers: message.by?.askers ?? null,
      sealed,
      state: "waiting",
      createdAtMs: nowMs,
      nextTryAtMs: nowMs,
      expiresAtMs: nowMs + message.lifeMs,
      tries: 0,
      leasedBy: null,
      leasedUntilMs: null,
      problem: null,
      endedAtMs: null,
    })
    .execute();
  return true;
}

export async function countWaiting(db: Db): Promise<number> {
  const row = await db
    .selectFrom("messages")
    .where("state", "=", "waiting")
    .select((expression) => expression.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

export async function theMessage(db: Db, id: string) {
  const found = await db
    .selectFrom("messages")
    .select(["id", "state", "createdAtMs"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (found === undefined) throw new Failure("not-found", `there is no message ${JSON.stringify(id)}`);
  return found;
}

/** To be sent as soon as a courier comes by. @throws Failure unless it waits: of others the content is gone. */
export async function retryNow(tx: Tx, id: string, nowMs: number): Promise<void> {
  const { state } = await theMessage(tx, id);
  if (state !== "waiting")
    throw new Failure("conflict", `message ${id} is ${state}: only what is waiting can be tried again`);
  await tx.updateTable("messages").set({ nextTryAtMs: nowMs }).where("id", "=", id).execute();
  await record(tx, serverEntry(nowMs, "mail-retried", {}, { message: id }));
}

/** All that wait for a later try, and how many those were. */
export async function retryAllNow(tx: Tx, nowMs: number): Promise<number> {
  const done = await tx
    .updateTable("messages")
    .set({ nextTryAtMs: nowMs })
    .where("state", "=", "waiting")
    .where("nextTryAtMs", ">", nowMs)
    .executeTakeFirst();
  const messages = Number(done.numUpdatedRows);
  if (messages > 0) await record(tx, serverEntry(nowMs, "mail-retried", {}, { messages }));
  return messages;
}

/** A courier may be sending it at this moment. @throws Failure unless it waits. */
export async function cancelMessage(tx: Tx, id: string, nowMs: number): Promise<void> {
  const { state } = await theMessage(tx, id);
  if (state !== "waiting")
    throw new Failure("conflict", `message ${id} is ${state}: only what is waiting can be cancelled`);
  await tx
    .updateTable("messages")
    .set({ state: "cancelled", sealed: null, leasedBy: null, leasedUntilMs: null, endedAtMs: nowMs })
    .where("id", "=", id)
    .execute();
  await record(tx, serverEntry(nowMs, "mail-cancelled", {}, { message: id }));
}
