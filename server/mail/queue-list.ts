// What the queue holds, as admins see it: narrowed and paged by the database, and never what a message says.

import { containing } from "../store/containing.ts";
import type { Db } from "../store/store.ts";
import type { MessageState, MessageTable } from "../store/tables.ts";
import { theMessage } from "./queue.ts";

export const messageStates = [
  "waiting",
  "sent",
  "failed",
  "expired",
  "cancelled",
] as const satisfies readonly MessageState[];

export interface QueuedMessage
  extends Omit<MessageTable, "sealed" | "leasedBy" | "urgency" | "mailbox" | "asker" | "askers"> {
  readonly userName: string | null;
}

export interface QueueFilter {
  readonly states: readonly MessageState[];
  readonly channel?: MessageTable["channel"] | undefined;
  /** Part of the recipient or of the user's name; empty for all. */
  readonly search?: string;
}

/** The newest first; `after` is the id of the last one seen, to go on after it. */
export async function listMessages(
  db: Db,
  filter: QueueFilter & { readonly limit: number; readonly after?: string | undefined },
): Promise<QueuedMessage[]> {
  const last = filter.after === undefined ? undefined : await theMessage(db, filter.after);
  return olderThan(db, filter, last).limit(filter.limit).execute();
}

export async function pageOfMessages(
  db: Db,
  filter: QueueFilter & { readonly offset: number; readonly limit: number },
): Promise<{ readonly total: number; readonly rows: readonly QueuedMessage[] }> {
  const { total } = await narrowed(db, filter)
    .select((expression) => expression.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const rows = await newestFirst(db, filter).limit(filter.limit).offset(filter.offset).execute();
  return { total: Number(total), rows };
}

const stepRows = 5_000;

/** All that match, for exports, which may be long. */
export async function* eachMessage(db: Db, filter: QueueFilter): AsyncGenerator<QueuedMessage> {
  let last: QueuedMessage | undefined;
  for (;;) {
    const rows = await olderThan(db, filter, last).limit(stepRows).execute();
    yield* rows;
    if (rows.length < stepRows) return;
    last = rows.at(-1);
  }
}

function olderThan(db: Db, filter: QueueFilter, last: Pick<QueuedMessage, "id" | "createdAtMs"> | undefined) {
  const query = newestFirst(db, filter);
  if (last === undefined) return query;
  return query.where((expression) =>
    expression.or([
      expression("messages.createdAtMs", "<", last.createdAtMs),
      expression.and([
        expression("messages.createdAtMs", "=", last.createdAtMs),
        expression("messages.id", "<", last.id),
      ]),
    ]),
  );
}

function newestFirst(db: Db, filter: QueueFilter) {
  return narrowed(db, filter)
    .select([
      "messages.id",
      "channel",
      "kind",
      "userId",
      "users.name as userName",
      "recipient",
      "state",
      "messages.createdAtMs",
      "nextTryAtMs",
      "expiresAtMs",
      "tries",
      "leasedUntilMs",
      "problem",
      "endedAtMs",
    ])
    .orderBy("messages.createdAtMs", "desc")
    .orderBy("messages.id", "desc");
}

function narrowed(db: Db, { states, channel, search = "" }: QueueFilter) {
  return db
    .selectFrom("messages")
    .leftJoin("users", "users.id", "messages.userId")
    .where("state", "in", states)
    .$if(channel !== undefined, (some) => some.where("channel", "=", channel ?? "mail"))
    .$if(search !== "", (some) =>
      some.where((expression) =>
        expression.or([containing("messages.recipient", search), containing("users.lookAlike", search)]),
      ),
    );
}

export interface QueueCounts {
  readonly waiting: Readonly<Record<MessageTable["channel"], number>>;
  readonly oldestAtMs: number | null;
  /** Of those kept, which is a month. */
  readonly unsent: number;
}

export async function countMessages(db: Db): Promise<QueueCounts> {
  const rows = await db
    .selectFrom("messages")
    .select((expression) => [
      "state",
      "channel",
      expression.fn.countAll<number>().as("count"),
      expression.fn.min("createdAtMs").as("oldestAtMs"),
    ])
    .where("state", "in", ["waiting", "failed", "expired"])
    .groupBy(["state", "channel"])
    .execute();
  const waiting = rows.filter(({ state }) => state === "waiting");
  const sum = (some: typeof rows) => some.reduce((all, { count }) => all + Number(count), 0);
  return {
    waiting: {
      mail: sum(waiting.filter(({ channel }) => channel === "mail")),
      sms: sum(waiting.filter(({ channel }) => channel === "sms")),
    },
    oldestAtMs: waiting.length === 0 ? null : Math.min(...waiting.map((row) => Number(row.oldestAtMs))),
    unsent: sum(rows.filter(({ state }) => state !== "waiting")),
  };
}
