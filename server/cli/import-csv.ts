// Users out of a file: `import users FILE.csv`.

import { createReadStream, fstatSync, openSync } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { parseColumnMap } from "../import/columns.ts";
import { openCsv } from "../import/csv.ts";
import { fields } from "../import/record.ts";
import { type CommandParts, withServer } from "./command-parts.ts";
import { type ImportOptions, runImport, withImportOptions } from "./import-run.ts";
import { plain } from "./terminal.ts";

const delimiters: Readonly<Record<string, string>> = { comma: ",", semicolon: ";", tab: "\t", pipe: "|" };

const fieldHelp = `
Fields: ${fields.join(", ")}.
  name is needed; an empty cell, or a column that is not there, changes nothing.
  groups       several are parted by | or ; or ,
  email, email2, phone
               where messages go; the first e-mail address of a user gets one-time codes
  disabled     yes or no
  secret       of a TOTP or HOTP authenticator; or otpauth URIs, several parted by spaces
  type, algorithm, digits, period, counter
               beside a secret: totp, sha1, 6, 30 and 0 where they are not given
  suite        beside a secret of the type ocra
  pin          a first one, for users who have none; they change it in the portal

Anything wrong with any line, and nothing is imported, unless you say --skip-bad-lines.
Exit code 1 when lines are bad and they were not to be skipped.`;

export function addCsvImport(group: Command, parts: CommandParts): void {
  withImportOptions(
    group
      .command("users <file>")
      .description("from a CSV file in UTF-8 whose first line names the columns; - for standard input"),
  )
    .addOption(
      new Option("--delimiter <name>", "what parts the columns")
        .choices(Object.keys(delimiters))
        .default("comma"),
    )
    .addHelpText("after", fieldHelp)
    .action(async (file: string, given: ImportOptions & { delimiter: string }, command: Command) => {
      const map = parseColumnMap(given.map);
      await withServer(command, parts, async (server, options) => {
        const { chunks, bytes, size, othersRead } = openFile(file);
        const csv = await openCsv(chunks, { delimiter: delimiters[given.delimiter] ?? ",", map });
        if (csv.columns.unused.length > 0)
          parts.terminal.err(`columns not used: ${plain(csv.columns.unused.join(", "))}\n`);
        if (othersRead && (csv.columns.places.has("secret") || csv.columns.places.has("pin")))
          parts.terminal.err(
            `warning: ${file} holds secrets, and others can read it; chmod 600, and erase it after\n`,
          );
        const from = file === "-" ? "standard input" : basename(file);
        const part = () => (size === undefined ? undefined : bytes() / size);
        await runImport(parts, server, options, given, { source: csv.records, from }, part);
      });
    });
}

function openFile(path: string) {
  if (path === "-") {
    const chunks: AsyncIterable<Uint8Array> = process.stdin;
    return { chunks, bytes: () => 0, size: undefined, othersRead: false };
  }
  const fd = openSync(path, "r");
  const { size, mode } = fstatSync(fd);
  const stream = createReadStream("", { fd });
  return {
    chunks: stream as AsyncIterable<Uint8Array>,
    bytes: () => stream.bytesRead,
    size: size === 0 ? undefined : size,
    othersRead: (mode & 0o077) !== 0,
  };
}
