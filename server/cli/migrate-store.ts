import type { Command } from "commander";
import { openServer } from "../identity/open-server.ts";
import { moveStore } from "../store/move.ts";
import { openStore } from "../store/store.ts";
import { type CommandParts, configured, say } from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

export function addMigrateStoreCommand(program: Command, parts: CommandParts): void {
  program
    .command("migrate-store")
    .description("move the SQLite database of the folder to the PostgreSQL database that --database names")
    .action(async (_: object, command: Command) => {
      const { data, database } = configured(command, parts).configuration;
      if (data === undefined || database === undefined)
        throw new UsageError(
          "say from where and to where: --data DIR, and --database URL or NIGHTLATCH_DATABASE",
        );
      const options = { json: command.optsWithGlobals<{ json?: boolean }>().json === true };
      const from = await openServer(data, parts.clock, parts.random);
      try {
        const to = await openStore({ kind: "postgres", url: database });
        try {
          const onTable = (name: string, rows: number) => {
            if (!options.json) parts.terminal.err(`${name}: ${rows}\n`);
          };
          const tables = await moveStore(from.store, to, onTable);
          const rows = Object.values(tables).reduce((sum, each) => sum + each, 0);
          const text = `moved ${rows} rows; from now on give --database or NIGHTLATCH_DATABASE with every command\n`;
          say(parts, options, { rows, tables }, text);
        } finally {
          await to.close();
        }
      } finally {
        await from.store.close();
      }
    });
}
