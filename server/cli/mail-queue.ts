import { type Command, Option } from "commander";
import { isoTime } from "../iso-time.ts";
import { cancelMessage, listMessages, type QueuedMessage, retryNow } from "../mail/queue.ts";
import type { MessageState } from "../store/tables.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { table } from "./terminal.ts";

const states: readonly MessageState[] = ["waiting", "sent", "failed", "expired", "cancelled"];

/** `mail queue …` */
export function addMailQueueCommands(mail: Command, parts: CommandParts): void {
  const queue = mail.command("queue").description("what waits to be sent, and what became of the rest");

  queue
    .command("list")
    .description("the newest first; what a message says is not shown")
    .addOption(new Option("--state <state>", "only these").choices(states))
    .option("--limit <number>", "at most so many", wholeNumberOption(1, 10_000), 100)
    .option("--after <id>", "go on after this one")
    .action(async (given: { state?: MessageState; limit: number; after?: string }, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const filter = { states: given.state === undefined ? states : [given.state], ...given };
        const found = await listMessages(store.db, filter);
        const rows = found.map((one) => [
          one.id,
          isoTime(one.createdAtMs),
          one.kind,
          one.userName,
          one.recipient,
          one.state,
          one.tries,
          one.problem,
        ]);
        const heads = ["ID", "QUEUED", "ABOUT", "USER", "TO", "STATE", "TRIES", "PROBLEM"];
        say(parts, options, found.map(toJson), table(heads, rows, "the queue is empty"));
      }),
    );

  const change = (verb: "retry" | "cancel", description: string, work: typeof retryNow, done: string) =>
    queue
      .command(`${verb} <id>`)
      .description(description)
      .action(async (id: string, _: object, command: Command) =>
        withServer(command, parts, async ({ store }, options) => {
          await store.write((tx) => work(tx, id, parts.clock.wallMs()));
          say(parts, options, { message: id, done: verb }, `${done}\n`);
        }),
      );
  change("retry", "try a waiting message now", retryNow, "it is tried within seconds, if the server runs");
  change("cancel", "don't send a waiting message", cancelMessage, "it is not sent, unless that is under way");
}

function toJson(one: QueuedMessage): object {
  const time = (ms: number | null) => (ms === null ? null : isoTime(ms));
  return {
    id: one.id,
    channel: one.channel,
    about: one.kind,
    user: one.userName,
    to: one.recipient,
    state: one.state,
    tries: one.tries,
    problem: one.problem,
    createdAt: time(one.createdAtMs),
    nextTryAt: one.state === "waiting" ? time(one.nextTryAtMs) : null,
    expiresAt: time(one.expiresAtMs),
    endedAt: time(one.endedAtMs),
  };
}
