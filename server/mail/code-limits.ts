// How many codes a user and a mailbox are sent. Whoever knows a name must neither fill its mailbox nor use up its codes: each
// asker has a bound of its own, and askers that the user is not known at have one more, all of them together.

import { hourMs, minuteMs } from "../../words/clock.ts";
import { prefixOf } from "../listen/request-limit.ts";
import type { Db } from "../store/store.ts";
import type { CodeAskers } from "../store/tables.ts";
import { mailboxOf } from "./address.ts";

/** Who wants a code to be sent. */
export interface Asker {
  /** Such as one machine. */
  readonly asker: string;
  /** Among whom it is counted besides; null: the user is known there. */
  readonly askers: CodeAskers | null;
}

interface Limit {
  readonly within: number;
  readonly most: number;
}

const ofOne: readonly Limit[] = [
  { within: 15 * minuteMs, most: 5 },
  { within: 24 * hourMs, most: 20 },
];

const ofAll: readonly Limit[] = [
  { within: 15 * minuteMs, most: 15 },
  { within: 24 * hourMs, most: 40 },
];

/** `known`: the user has been enrolled there, so what others ask for counts for nothing there. */
export function machineAsks(machineId: string, known: boolean): Asker {
  return { asker: `machine ${machineId}`, askers: known ? null : "machines" };
}

/** Somebody at the portal's doors. */
export function addressAsks(address: string): Asker {
  return { asker: `address ${prefixOf(address)}`, askers: "portal" };
}

/** For an address that may be anybody's. */
export function signedInAsks(userId: string): Asker {
  return { asker: `user ${userId}`, askers: "accounts" };
}

/** Whether one more code to any of these mailboxes, or for this user, would be too many. */
export async function tooManyCodes(
  db: Db,
  by: Asker,
  userId: string,
  recipients: readonly string[],
  nowMs: number,
): Promise<boolean> {
  if (await isOver(db, ofOne, "asker", by.asker, userId, recipients, nowMs)) return true;
  return by.askers !== null && isOver(db, ofAll, "askers", by.askers, userId, recipients, nowMs);
}

async function isOver(
  db: Db,
  limits: readonly Limit[],
  column: "asker" | "askers",
  value: string,
  userId: string,
  recipients: readonly string[],
  nowMs: number,
): Promise<boolean> {
  for (const { within, most } of limits) {
    const recent = db
      .selectFrom("messages")
      .where("kind", "=", "code")
      .where("createdAtMs", ">", nowMs - within)
      .where(column, "=", value)
      .select((expression) => expression.fn.countAll<number>().as("count"));
    for (const recipient of recipients) {
      const { count } = await recent.where("mailbox", "=", mailboxOf(recipient)).executeTakeFirstOrThrow();
      if (Number(count) >= most) return true;
    }
    // A user with two addresses gets two messages for one code.
    const { count } = await recent.where("userId", "=", userId).executeTakeFirstOrThrow();
    if (Number(count) >= most * recipients.length) return true;
  }
  return false;
}
