// How many codes a user and a mailbox are sent: whoever knows a name must not be able to fill its mailbox.

import { hourMs, minuteMs } from "../../words/clock.ts";
import type { Db } from "../store/store.ts";
import { mailboxOf } from "./address.ts";

/** So many codes for one user, and so many to one mailbox. */
const codeLimits = [
  { within: 15 * minuteMs, most: 5 },
  { within: 24 * hourMs, most: 20 },
] as const;

/** Whether one more code to any of these mailboxes, or for this user, would be too many. */
export async function tooManyCodes(
  db: Db,
  userId: string,
  recipients: readonly string[],
  nowMs: number,
): Promise<boolean> {
  for (const { within, most } of codeLimits) {
    const recent = db
      .selectFrom("messages")
      .where("kind", "=", "code")
      .where("createdAtMs", ">", nowMs - within);
    for (const recipient of recipients) {
      const { count } = await recent
        .where("mailbox", "=", mailboxOf(recipient))
        .select((expression) => expression.fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      if (Number(count) >= most) return true;
    }
    // A user with two addresses gets two messages for one code.
    const { count } = await recent
      .where("userId", "=", userId)
      .select((expression) => expression.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    if (Number(count) >= most * recipients.length) return true;
  }
  return false;
}
