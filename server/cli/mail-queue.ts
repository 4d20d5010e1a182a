import { type Command, Option } from "commander";
import { isoTime, secondTime } from "../iso-time.ts";
import { cancelMessage, retryAllNow, retryNow } from "../mail/queue.ts";
import { listMessages, messageStates, type QueuedMessage } from "../mail/queue-list.ts";
import type { MessageState } from "../store/tables.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { table, UsageError } from "./terminal.ts";

const soon = "tried within seconds, if the server runs\n";

/** `mail queue …` */
export function addMailQueueCommands(mail: Command, parts: CommandParts): void {
  const queue = mail.command("queue").description("what waits to be sent, and what became of the rest");

  queue
    .command("list")
    .description("the newest first; what a message says is not shown")
    .addOption(new Option("--state <state>", "only these").choices(messageStates))
    .option("--search <text>", "only those to an address or of a user with this in it")
    .option("--limit <number>", "at most so many", wholeNumberOption(1, 10_000), 100)
    .option("--after <id>", "go on after this one")
    .action(
      async (
        given: { state?: MessageState; search?: string; limit: number; after?: string },
        command: Command,
      ) =>
        withServer(command, parts, async ({ store }, options) => {
          const filter = { states: given.state === undefined ? messageStates : [given.state], ...given };
          const found = await listMessages(store.db, filter);
          const rows = found.map((one) => [
            one.id,
            secondTime(one.createdAtMs),
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

  queue
    .command("retry [id]")
    .description("try a waiting message now")
    .option("--all", "all that wait for a later try")
    .action(async (id: string | undefined, given: { all?: true }, command: Command) => {
      if ((id === undefined) === (given.all === undefined))
        throw new UsageError("which message? mail queue retry ID, or --all");
      return withServer(command, parts, async ({ store }, options) => {
        const nowMs = parts.clock.wallMs();
        if (id === undefined) {
          const messages = await store.write((tx) => retryAllNow(tx, nowMs));
          say(
            parts,
            options,
            { messages, done: "retry" },
            `${messages === 1 ? "1 message is" : `${messages} messages are`} ${soon}`,
          );
          return;
        }
        await store.write((tx) => retryNow(tx, id, nowMs));
        say(parts, options, { message: id, done: "retry" }, `it is ${soon}`);
      });
    });

  queue
    .command("cancel <id>")
    .description("don't send a waiting message")
    .action(async (id: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        await store.write((tx) => cancelMessage(tx, id, parts.clock.wallMs()));
        const done = { message: id, done: "cancel" };
        say(parts, options, done, "it is not sent, unless that is under way\n");
      }),
    );
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
