import type { Command } from "commander";
import { record, serverEntry } from "../audit/audit.ts";
import { backUp } from "../backup/backup.ts";
import { restore } from "../backup/restore.ts";
import { type Settled, settleRestored } from "../backup/settle-restored.ts";
import { Failure } from "../failure.ts";
import { isoTime, secondTime } from "../iso-time.ts";
import { type CommandParts, dataOf, say, withServer } from "./command-parts.ts";

const reminder =
  "what changed since the backup is forgotten: revoke, disable and remove again who had to go since then; machines that joined or got new keys since have to join again\n";

export function addBackupCommands(program: Command, parts: CommandParts): void {
  program
    .command("backup <folder>")
    .description(
      "key and database of one moment, while the server runs, into a new folder that only you can read",
    )
    .action((folder: string, _: object, command: Command) =>
      withServer(command, parts, async (server, options) => {
        const { clock, random } = parts;
        if (options.database !== undefined) throw elsewhere("pg_dump");
        const secrets = await backUp(server, folder, clock, random);
        await server.store.write((tx) =>
          record(tx, serverEntry(clock.wallMs(), "backed-up", {}, { secrets })),
        );
        say(
          parts,
          options,
          { folder, secrets },
          `${folder} holds the whole server, and opens: ${secrets} secrets\n`,
        );
      }),
    );

  program
    .command("restore <folder>")
    .description("a server out of a backup, in an empty folder")
    .action(async (folder: string, _: object, command: Command) => {
      const options = dataOf(command, parts);
      const { operator, clock, random } = parts;
      if (options.database !== undefined) throw elsewhere("pg_restore");
      const settled = await restore(folder, options.data, operator, clock, random);
      tell(parts, options, settled);
    });

  program
    .command("after-restore")
    .description(
      "once, where the database was put back by other means than restore, before machines are answered",
    )
    .action((_: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        tell(parts, options, await store.write((tx) => settleRestored(tx, vault, parts.clock.wallMs())));
      }),
    );
}

function elsewhere(tool: string): Failure {
  return new Failure(
    "invalid",
    `the database is PostgreSQL's: that is ${tool}'s work, with server.key beside it; see "Backup and restore" in the admin guide`,
  );
}

function tell(parts: CommandParts, options: { readonly json: boolean }, settled: Settled): void {
  const { lastKnownAtMs, machines } = settled;
  say(
    parts,
    options,
    { asOf: lastKnownAtMs === null ? null : isoTime(lastKnownAtMs), machines },
    `restored as of ${lastKnownAtMs === null ? "its beginning" : secondTime(lastKnownAtMs)}; ${machines === 1 ? "1 machine goes" : `${machines} machines go`} on with it\n`,
  );
  if (!options.json) parts.terminal.err(reminder);
}
