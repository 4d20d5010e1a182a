import type { Command } from "commander";
import { type AuditFilter, type ListedEntry, listAudit } from "../audit/audit.ts";
import { followAudit } from "../audit/follow.ts";
import { secondTime } from "../iso-time.ts";
import { theMachineEver } from "../machines/machines.ts";
import type { Db, Store } from "../store/store.ts";
import { auditJson } from "./audit-json.ts";
import { addAuditPruneCommands } from "./audit-prune.ts";
import { say, wholeNumberOption, withServer } from "./command-parts.ts";
import { momentOption } from "./moment.ts";
import type { ServeParts } from "./serve.ts";
import { columns, table, UsageError } from "./terminal.ts";

const heads = ["AT", "SOURCE", "KIND", "USER", "MACHINE", "BY", "DETAIL"];
/** Where entries come one by one, nobody knows how wide the next one is. */
const usualWidths = [23, 7, 20, 12, 8, 20, 0];
const usualNumber = 100;
/** What is shown before one waits for what comes. */
const numberBefore = 10;

export function addAuditCommand(program: Command, parts: ServeParts): void {
  const audit = program.command("audit");
  addAuditPruneCommands(audit, parts);
  audit
    .description("what happened here and on the machines, in the order it became known")
    .option(
      "--limit <number>",
      `at most so many, the newest (default: ${usualNumber}, with --follow ${numberBefore})`,
      wholeNumberOption(1, 1_000_000),
    )
    .option("-f, --follow", "then print what comes, as it comes, until told to end (SIGINT, SIGTERM)")
    .option("--user <name>", "only about this user (as written in the entry)")
    .option("--machine <id>", "only about this machine")
    .option("--kind <kind>", "only of this kind, such as sign-in-denied")
    .option("--by <name>", "only by the hand of somebody with this in their name, such as `console:`")
    .option(
      "--from <time>",
      "from a day on, or a moment: 2026-11-27, 2026-11-27T08:00 (UTC), or as it is printed, in quotes",
      momentOption(0),
    )
    .option("--until <time>", "to the end of a day, or to a moment", momentOption(1))
    .action(async (given: AuditOptions, command: Command) => {
      const follow = given.follow === true;
      if (follow && given.until !== undefined)
        throw new UsageError("--follow waits for what comes: it has no --until");
      return withServer(command, parts, async ({ store }, options) => {
        const filter = await filterOf(store.db, given, follow ? numberBefore : usualNumber);
        if (follow) return print(store, filter, parts, options.json);
        const entries = await listAudit(store.db, filter);
        say(parts, options, entries.map(auditJson), table(heads, entries.map(cellsOf), "no entries"));
      });
    });
}

interface AuditOptions {
  readonly limit?: number;
  readonly follow?: boolean;
  readonly user?: string;
  readonly machine?: string;
  readonly kind?: string;
  readonly by?: string;
  readonly from?: number;
  readonly until?: number;
}

async function filterOf(db: Db, given: AuditOptions, usual: number): Promise<AuditFilter> {
  const machine = given.machine === undefined ? undefined : (await theMachineEver(db, given.machine)).id;
  const { limit = usual, user, kind, by: operator, from: fromMs, until: untilMs } = given;
  return { limit, user, machine, kind, operator, fromMs, untilMs };
}

/** Ends when it is told to, or when nobody reads it any more. */
async function print(store: Store, filter: AuditFilter, parts: ServeParts, json: boolean): Promise<void> {
  const { terminal, clock } = parts;
  const over = new AbortController();
  void parts.askedToEnd().then(() => over.abort());
  void terminal.outClosed?.().then(() => over.abort());
  if (!json) terminal.out(columns([heads], usualWidths));
  for await (const entries of followAudit(store, filter, clock, over.signal)) {
    if (over.signal.aborted) return;
    if (entries.length === 0) continue;
    terminal.out(
      json
        ? entries.map((entry) => `${JSON.stringify(auditJson(entry))}\n`).join("")
        : columns(entries.map(cellsOf), usualWidths),
    );
  }
}

function cellsOf(one: ListedEntry): (string | null)[] {
  const detail = Object.entries(one.detail)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(" ");
  const machine = one.machine?.slice(0, 8) ?? null;
  return [secondTime(one.atMs), one.source, one.kind, one.user, machine, one.operator, detail];
}
