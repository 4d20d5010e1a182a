// What all imports have in common at the command line.

import { closeSync, openSync, writeSync } from "node:fs";
import { type Command, Option } from "commander";
import { Failure } from "../failure.ts";
import type { OpenServer } from "../identity/open-server.ts";
import type { ListedFault } from "../import/faults.ts";
import { type ImportReport, type ImportWish, importUsers } from "../import/import-users.ts";
import { type SecretEncoding, secretEncodings } from "../authenticators/written-secret.ts";
import { type CommandParts, type CommonOptions, say } from "./command-parts.ts";
import { describeImport, reportJson } from "./import-report.ts";
import { ProgressLine } from "./progress.ts";
import { plain } from "./terminal.ts";

const shownFaults = 100;

export interface ImportOptions {
  dryRun?: boolean;
  map: string;
  secretEncoding: SecretEncoding;
  replaceGroups?: boolean;
  skipBadLines?: boolean;
  errors?: string;
}

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
  let pins: ProgressLine | undefined;
  const faults = new FaultLists(given.errors);
  let report: ImportReport;
  try {
    report = await importUsers(
      { store, vault, random: parts.random, clock: parts.clock, signingKey: identity.signing.privateKey },
      {
        ...from,
        secretEncoding: given.secretEncoding,
        otherGroups: given.replaceGroups === true ? "leave" : "keep",
        onlyAdmin: "refuse-all",
        otherEntries: "refuse",
        skipBadLines: given.skipBadLines === true,
        dryRun: given.dryRun === true,
      },
      {
        read: (rows) => line.count("rows", rows, part()),
        pins: (done, all) => {
          pins ??= new ProgressLine(parts.terminal, parts.clock, !options.json);
          pins.count("PINs", done, done / all);
        },
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
