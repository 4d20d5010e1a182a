import type { Command } from "commander";
import { listAudit } from "../audit/audit.ts";
import { isoTime } from "../iso-time.ts";
import { theMachineEver } from "../machines/machines.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { momentOption } from "./moment.ts";
import { table } from "./terminal.ts";

export function addAuditCommand(program: Command, parts: CommandParts): void {
  program
    .command("audit")
    .description("what happened here and on the machines, in the order it became known")
    .option("--limit <number>", "at most so many, the newest", wholeNumberOption(1, 1_000_000), 100)
    .option("--user <name>", "only about this user (as written in the entry)")
    .option("--machine <id>", "only about this machine")
    .option("--kind <kind>", "only of this kind, such as sign-in-denied")
    .option("--by <name>", "only by the hand of somebody with this in their name, such as `console:`")
    .option(
      "--from <time>",
      "from a day on, or a moment: 2026-11-27, 2026-11-27T08:00 (UTC)",
      momentOption(0),
    )
    .option("--until <time>", "to the end of a day, or to a moment", momentOption(1))
    .action(async (given: AuditOptions, command: Command) =>
      withServer(command, parts, async ({ store: { db } }, options) => {
        const machine =
          given.machine === undefined ? undefined : (await theMachineEver(db, given.machine)).id;
        const { limit, user, kind, by: operator, from: fromMs, until: untilMs } = given;
        const found = await listAudit(db, { limit, user, machine, kind, operator, fromMs, untilMs });
        const entries = found.map(({ atMs, id, ...entry }) => ({ id, at: isoTime(atMs), ...entry }));
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

interface AuditOptions {
  readonly limit: number;
  readonly user?: string;
  readonly machine?: string;
  readonly kind?: string;
  readonly by?: string;
  readonly from?: number;
  readonly until?: number;
}
