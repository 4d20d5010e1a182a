// Users from elsewhere: `import users FILE.csv`.

import { closeSync, createReadStream, fstatSync, openSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { Failure } from "../failure.ts";
import type { OpenServer } from "../identity/open-server.ts";
import { parseColumnMap } from "../import/columns.ts";
import { openCsv } from "../import/csv.ts";
import type { ListedFault } from "../import/faults.ts";
import { type ImportReport, type ImportWish, importUsers } from "../import/import-users.ts";
import { type SecretEncoding, secretEncodings } from "../import/key-cells.ts";
import { fields } from "../import/record.ts";
import { type CommandParts, type CommonOptions, say, withServer } from "./command-parts.ts";
import { describeImport, reportJson } from "./import-report.ts";
import { ProgressLine } from "./progress.ts";
import { plain } from "./terminal.ts";

const shownFaults = 100;
const delimiters: Readonly<Record<string, string>> = { comma: ",", semicolon: ";", tab: "\t", pipe: "|" };

export interface ImportOptions {
  dryRun?: boolean;
  map: string;
  secretEncoding: SecretEncoding;
  replaceGroups?: boolean;
  skipBadLines?: boolean;
  errors?: string;
}

const fieldHelp = `
Fields: ${fields.join(", ")}.
  name is needed; an empty cell, or a column that is not there, changes nothing.
  groups       several are parted by | or ; or ,
  disabled     yes or no
  secret       of a TOTP or HOTP authenticator; or otpauth URIs, several parted by spaces
  type, algorithm, digits, period, counter
               beside a secret: totp, sha1, 6, 30 and 0 where they are not given

Anything wrong with any line, and nothing is imported, unless you say --skip-bad-lines.
Exit code 1 when lines are bad and they were not to be skipped.`;

export function addImportCommands(program: Command, parts: CommandParts): void {
  const group = program.command("import").description("many users at once, from elsewhere");
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
        if (othersRead && csv.columns.places.has("secret"))
          parts.terminal.err(
            `warning: ${file} holds secrets, and others can read it; chmod 600, and erase it after\n`,
          );
        const from = file === "-" ? "standard input" : basename(file);
        const part = () => (size === undefined ? undefined : bytes() / size);
        await runImport(parts, server, options, given, { source: csv.records, from }, part);
      });
    });
}

/** What all sources have in common. */
export function withImportOptions(command: Command): Command {
  return command
    .option("--dry-run", "say exactly what would be done, and do nothing")
    .option(
      "--map <field=column,...>",
      "which columns say what, where they are not called like the fields",
      "",
    )
    .addOption(
      new Option("--secret-encoding <name>", "how secrets are written (otpauth URIs are always understood)")
        .choices(secretEncodings)
        .default("base32"),
    )
    .option("--replace-groups", "whom groups are given for leaves all others")
    .option("--skip-bad-lines", "import the good lines beside bad ones")
    .option("--errors <file>", "write everything that is wrong into this file, as CSV");
}

/** Imports, tells how it goes, and ends with a Failure when nothing was imported that should have been. */
export async function runImport(
  parts: CommandParts,
  server: OpenServer,
  options: CommonOptions,
  given: ImportOptions,
  from: Pick<ImportWish, "source" | "from">,
  part: () => number | undefined,
): Promise<void> {
  const { store, vault, identity } = server;
  const line = new ProgressLine(parts.terminal, parts.clock, !options.json);
  const faults = new FaultLists(given.errors);
  let report: ImportReport;
  try {
    report = await importUsers(
      { store, vault, random: parts.random, clock: parts.clock, signingKey: identity.signing.privateKey },
      {
        ...from,
        secretEncoding: given.secretEncoding,
        otherGroups: given.replaceGroups === true ? "leave" : "keep",
        skipBadLines: given.skipBadLines === true,
        dryRun: given.dryRun === true,
      },
      {
        read: (rows) => line.count("rows", rows, part()),
        writing: () => line.show("writing; sign-ins wait for this"),
      },
      faults.add,
    );
  } finally {
    line.end();
    faults.close();
  }
  const dryRun = given.dryRun === true;
  say(parts, options, reportJson(report, dryRun, faults.first), describeImport(report, dryRun));
  if (report.badLines === 0) return;
  if (!options.json) parts.terminal.err(faults.text());
  if (given.skipBadLines === true) return;
  const verb = dryRun ? "would be" : "was";
  throw new Failure(
    "invalid",
    `${report.badLines} of ${report.rows} lines are bad, so nothing ${verb} imported; correct them, or say --skip-bad-lines`,
  );
}

/** The first faults for people to read, all of them for the file. */
class FaultLists {
  readonly first: ListedFault[] = [];
  readonly #file: number | undefined;
  #count = 0;

  constructor(path: string | undefined) {
    this.#file = path === undefined ? undefined : openSync(path, "w", 0o600);
    this.#write("line,column,error\n");
  }

  readonly add = (fault: ListedFault): void => {
    this.#count += 1;
    if (this.first.length < shownFaults) this.first.push(fault);
    this.#write(`${fault.line},${fault.field},"${plain(fault.fault).replaceAll('"', '""')}"\n`);
  };

  text(): string {
    const lines = this.first.map(
      ({ line, field, fault }) => `line ${line}${field === "" ? "" : `, ${field}`}: ${plain(fault)}\n`,
    );
    const more = this.#count - this.first.length;
    if (more > 0) lines.push(`and ${more} more; --errors FILE has all of them\n`);
    return lines.join("");
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #write(text: string): void {
    if (this.#file !== undefined) writeSync(this.#file, text);
  }
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
