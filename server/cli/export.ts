// Everything out: `export --out FOLDER`.

import { resolve } from "node:path";
import type { Command } from "commander";
import { exportAll } from "../export/export.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { ProgressLine } from "./progress.ts";
import { table } from "./terminal.ts";

const help = `
users.csv is what \`import users\` takes. Cells that a spreadsheet would take for formulas have an apostrophe in front,
which \`import users\` takes away again. Backup codes are not in it: the server has only hashes of them.`;

export function addExportCommand(program: Command, parts: CommandParts): void {
  program
    .command("export")
    .description(
      "everything that is known here, as CSV and JSON Lines, into a new folder that only you can read",
    )
    .requiredOption("--out <folder>", "must not be there yet")
    .option(
      "--with-secrets",
      "with the secrets of all authenticators, as otpauth URIs: who has the folder can sign in as everybody",
    )
    .addHelpText("after", help)
    .action(async (given: { out: string; withSecrets?: boolean }, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const folder = resolve(given.out);
        const withSecrets = given.withSecrets === true;
        const line = new ProgressLine(parts.terminal, parts.clock, !options.json);
        const counts = await exportAll(store, vault, { folder, withSecrets }, parts.clock.wallMs(), (name) =>
          line.show(`writing ${name}`),
        ).finally(() => line.end());
        const text = table(["LIST", "ROWS"], Object.entries(counts), "");
        say(parts, options, { folder, withSecrets, rows: counts }, text);
        if (withSecrets && !options.json)
          parts.terminal.err(`${folder} holds every user's secrets: move it encrypted, and erase it after\n`);
      }),
    );
}
