import type { Command } from "commander";
import { listAudit } from "../audit/audit.ts";
import { isoTime } from "../iso-time.ts";
import { theMachine } from "../machines/machines.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { table } from "./terminal.ts";

export function addAuditCommand(program: Command, parts: CommandParts): void {
  program
    .command("audit")
    .description("what happened here and on the machines, in the order it became known")
    .option("--limit <number>", "at most so many, the newest", wholeNumberOption(1, 1_000_000), 100)
    .option("--user <name>", "only about this user (as written in the entry)")
    .option("--machine <id>", "only about this machine")
    .action(async (given: { limit: number; user?: string; machine?: string }, command: Command) =>
      withServer(command, parts, async ({ store: { db } }, options) => {
        const machine = given.machine === undefined ? undefined : (await theMachine(db, given.machine)).id;
        const entries = (await listAudit(db, { limit: given.limit, user: given.user, machine })).map(
          ({ atMs, id, ...entry }) => ({ id, at: isoTime(atMs), ...entry }),
        );
        const rows = entries.map((one) => [
          one.at,
          one.source,
          one.kind,
          one.user,
          one.machine?.slice(0, 8) ?? null,
          one.operator,
          Object.entries(one.detail)
            .map(([key, value]) => `${key}=${String(value)}`)
            .join(" "),
        ]);
        const heads = ["AT", "SOURCE", "KIND", "USER", "MACHINE", "BY", "DETAIL"];
        say(parts, options, entries, table(heads, rows, "no entries"));
      }),
    );
}
