// What is too old to be kept: removed by hand, or how long the running server keeps it.

import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { checkByHand, type Pace, removeSpan, type Span, spanBefore } from "../audit/prune.ts";
import {
  leastDays,
  mostDays,
  type RetentionStands,
  retentionStands,
  setRetention,
  waitMs,
} from "../audit/retention.ts";
import { entriesOf } from "../audit/search.ts";
import { dayMs } from "../../words/clock.ts";
import { writeWhole } from "../export/whole-file.ts";
import { isoTime, secondTime } from "../iso-time.ts";
import type { Store } from "../store/store.ts";
import { auditJson } from "./audit-json.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { agoOption } from "./moment.ts";
import { ProgressLine } from "./progress.ts";
import { UsageError } from "./terminal.ts";

interface PruneOptions {
  readonly before: (nowMs: number) => number;
  readonly dryRun?: boolean;
  readonly archive?: string;
}

const help = `
The last 30 days are always kept. What machines sent of the same time goes too. It can't be taken back: look with --dry-run
first, and keep what may be needed with --archive.`;

export function addAuditPruneCommands(audit: Command, parts: CommandParts): void {
  // What narrows a list of entries is refused below, and not offered.
  const ofAll = {
    ...audit.configureHelp(),
    visibleGlobalOptions: () => [...(audit.parent?.options ?? [])],
  };
  audit
    .command("prune")
    .configureHelp(ofAll)
    .description("remove entries that came before a moment, for good")
    .requiredOption("--before <time>", "400d, or a day or moment: 2025-11-27 (UTC)", agoOption)
    .option("--dry-run", "say how many would go, and from when to when; nothing is removed")
    .option("--archive <file>", "write them into this new file first, as JSON Lines")
    .addHelpText("after", help)
    .action(async (given: PruneOptions, command: Command) => {
      if (given.dryRun === true && given.archive !== undefined)
        throw new UsageError(
          "--archive writes what is removed, and --dry-run removes nothing: give one of them",
        );
      refuseNarrowed(command);
      return withServer(command, parts, async ({ store }, options) => {
        const beforeMs = given.before(parts.clock.wallMs());
        const line = new ProgressLine(parts.terminal, parts.clock, !options.json);
        const pace: Pace = {
          clock: parts.clock,
          stop: new AbortController().signal,
          onRemoved: (done, of) => line.count("entries", done, done / of),
        };
        const archive = given.archive === undefined ? undefined : resolve(given.archive);
        const removes = given.dryRun !== true;
        const run = async () => {
          const found = await look(store, beforeMs, pace, archive);
          return removes ? removeSpan(store, beforeMs, found, pace) : found;
        };
        const span = await run().finally(() => line.end());
        const { entries } = span;
        const json = {
          dryRun: !removes,
          before: isoTime(beforeMs),
          entries,
          from: span.fromMs === null ? null : isoTime(span.fromMs),
          through: span.throughMs === null ? null : isoTime(span.throughMs),
          archive: archive ?? null,
        };
        say(parts, options, json, asText(span, beforeMs, removes));
      });
    });

  const retention = audit
    .command("retention")
    .description("how long the running server keeps entries")
    .configureHelp(ofAll);

  retention
    .command("set")
    .description("change it")
    .requiredOption("--keep <days>", "such as 400d, or forever", keepOption)
    .action(async (given: { keep: number }, command: Command) => {
      refuseNarrowed(command);
      return withServer(command, parts, async ({ store }, options) => {
        const nowMs = parts.clock.wallMs();
        await store.write((tx) => setRetention(tx, { keepDays: given.keep }, nowMs));
        tellRetention(parts, options, await retentionStands(store.db), nowMs);
      });
    });

  retention
    .command("show")
    .description("how it is set, and when the server begins")
    .action((_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) =>
        tellRetention(parts, options, await retentionStands(store.db), parts.clock.wallMs()),
      ),
    );
}

/** Who has said `--user alice` means her entries, and all would go. */
function refuseNarrowed(command: Command): void {
  const audit = [command.parent, command.parent?.parent].find((one) => one?.name() === "audit");
  const [narrowed] = Object.keys(audit?.opts() ?? {});
  if (narrowed !== undefined)
    throw new UsageError(
      `entries are removed by their time alone: ${command.name()} is for all of them, it has no --${narrowed}`,
    );
}

/** What would go; in the archive and on the disk when this returns. */
async function look(store: Store, beforeMs: number, pace: Pace, archive: string | undefined): Promise<Span> {
  await checkByHand(store.db, beforeMs, pace.clock.wallMs());
  if (archive === undefined) return spanBefore(store.db, beforeMs, pace);
  return writeWhole(archive, (file) =>
    spanBefore(store.db, beforeMs, pace, async (ids) => {
      for (const entry of await entriesOf(store.db, ids)) file.write(`${JSON.stringify(auditJson(entry))}\n`);
    }),
  );
}

function asText({ entries, fromMs, throughMs }: Span, beforeMs: number, removed: boolean): string {
  if (fromMs === null || throughMs === null) return `no entry came before ${secondTime(beforeMs)}\n`;
  const which = `${entries === 1 ? "1 entry" : `${entries} entries`}, of ${secondTime(fromMs)} to ${secondTime(throughMs)}`;
  return removed ? `${which}: removed\n` : `${which}, would be removed; nothing was\n`;
}

function tellRetention(
  parts: CommandParts,
  options: { readonly json: boolean },
  { keepDays, beginsAtMs }: RetentionStands,
  nowMs: number,
): void {
  const begins = keepDays === 0 || beginsAtMs === null ? null : isoTime(beginsAtMs);
  const from =
    beginsAtMs === null
      ? `, from ${waitMs / dayMs} days after it has first looked at its clock`
      : beginsAtMs > nowMs
        ? `, from ${secondTime(beginsAtMs)} on`
        : "";
  const text =
    keepDays === 0
      ? "entries are kept for ever: audit retention set --keep 400d\n"
      : `entries are kept for ${keepDays} days; the running server removes older ones once a day${from}\n`;
  say(parts, options, { keepDays, begins }, text);
}

function keepOption(text: string): number {
  if (text === "forever") return 0;
  const days = Number(/^(\d{1,5})d$/.exec(text)?.[1]);
  if (!(days >= leastDays && days <= mostDays))
    throw new InvalidArgumentError(
      `give forever, or from ${leastDays}d to ${mostDays}d: what was done in the last ${leastDays} days has to stay to be seen.`,
    );
  return days;
}
