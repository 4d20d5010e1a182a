// Users out of a directory: LDAP, Active Directory.

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { assignDirectory, directoryHelp } from "../directory/assignments.ts";
import { synchroniseByHand } from "../directory/by-hand.ts";
import {
  activeDirectory,
  changeDirectory,
  type DirectorySetting,
  directorySetting,
  theDirectory,
} from "../directory/settings.ts";
import type { Affected } from "../directory/affected.ts";
import { tryDirectory } from "../directory/trial.ts";
import type { SyncReport } from "../directory/synchronise.ts";
import { Failure } from "../failure.ts";
import { checkOwn } from "../identity/data-folder.ts";
import { readSetting } from "../settings/settings.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { describeImport, reportJson } from "./import-report.ts";
import { ProgressLine } from "./progress.ts";
import { plain, UsageError } from "./terminal.ts";

interface SetOptions {
  passwordFile?: string;
  caFile?: string;
  activeDirectory?: boolean;
  off?: boolean;
}

const shownFaults = 100;

export function addDirectoryCommands(program: Command, parts: CommandParts): void {
  const directory = program
    .command("directory")
    .description("users and groups from LDAP or Active Directory");

  directory
    .command("set [KEY=VALUE...]")
    .description("which directory, and how users are found in it; what is not named stays")
    .option("--password-file <file>", "the password of bindDn, in a file that nobody else can read")
    .option("--ca-file <file>", "the CA of the directory's certificate, PEM, in place of the system's")
    .option("--active-directory", "begin with what fits Active Directory")
    .option("--off", "no directory, and forget the password; users stay as they are")
    .addHelpText("after", `\nKeys:\n${directoryHelp}`)
    .action(async (assignments: string[], given: SetOptions, command: Command) => {
      const change = {
        ...(given.activeDirectory === true ? activeDirectory : {}),
        ...(given.caFile === undefined ? {} : { ca: readFileSync(given.caFile, "utf8") }),
        ...assignDirectory(assignments),
        ...(given.off === true ? { url: "", bindDn: "" } : {}),
      };
      const password = given.passwordFile === undefined ? undefined : readPassword(given.passwordFile);
      if (Object.keys(change).length === 0 && password === undefined)
        throw new UsageError("nothing to set: see directory set --help");
      await withServer(command, parts, async ({ store, vault }, options) => {
        const after = await store.write((tx) =>
          changeDirectory(tx, vault, change, password, parts.clock.wallMs()),
        );
        const text =
          after.url === ""
            ? "no directory is followed any more; users stay as they are\n"
            : "the directory is set; try it: directory sync --dry-run\n";
        say(parts, options, shown(after), text);
      });
    });

  directory
    .command("show")
    .description("the setting, without the password")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const setting = shown(await readSetting(store.db, directorySetting));
        say(parts, options, setting, `${JSON.stringify(setting, null, 2)}\n`);
      }),
    );

  directory
    .command("sync")
    .description("take over users and groups; who is no longer there is disabled, never removed")
    .option("--dry-run", "say exactly what would be done, and do nothing")
    .option("--force", "also when more users would be disabled or renamed than mostDisabledPercent permits")
    .option(
      "--adopt",
      "an entry made anew under a user's name is the same person, and keeps the authenticators",
    )
    .action(async (given: { dryRun?: boolean; force?: boolean; adopt?: boolean }, command: Command) =>
      withServer(command, parts, async (server, options) => {
        const { store, vault, identity } = server;
        const line = new ProgressLine(parts.terminal, parts.clock, !options.json);
        const dryRun = given.dryRun === true;
        const wish = { force: given.force === true, adopt: given.adopt === true };
        const { random, clock } = parts;
        const doer = { store, vault, random, clock, signingKey: identity.signing.privateKey };
        const progress = {
          read: (rows: number) => line.count("entries", rows, undefined),
          writing: () => line.show("writing; sign-ins wait for this"),
        };
        let report: SyncReport;
        try {
          report = dryRun
            ? await tryDirectory(doer, await theDirectory(store.db, vault), wish, progress, store)
            : await synchroniseByHand(doer, wish, progress, store);
        } finally {
          line.end();
        }
        const { gone, returned, newNames, unusableGroups, adminsKept, affected } = report;
        const also = newNames === 0 ? "" : `, ${newNames} under another name`;
        say(
          parts,
          options,
          {
            ...reportJson(report, dryRun, []),
            gone,
            returned,
            newNames,
            adminsKept,
            affected,
            unusableGroups,
            errors: report.faults,
          },
          `${describeImport(report, dryRun)}  ${gone} no longer in the directory, ${returned} back${also}\n`,
        );
        if (!options.json && dryRun) parts.terminal.out(describeAffected(affected));
        if (!options.json) tellLeftOut(report);
        const verb = dryRun ? "would be" : "was";
        if (adminsKept.length > 0)
          throw new Failure(
            "conflict",
            `${adminsKept.join(", ")} is the only admin who can sign in and ${verb} left enabled, though the directory says otherwise; all the rest ${verb} done. Make another admin, then sync again`,
          );
      }),
    );

  function tellLeftOut({ unusableGroups, faults }: SyncReport): void {
    for (const name of unusableGroups)
      parts.terminal.err(`group left out: ${plain(JSON.stringify(name))}; give it a name with groupMap\n`);
    for (const { dn, line: entry, field, fault } of faults.slice(0, shownFaults))
      parts.terminal.err(`${plain(dn ?? `entry ${entry}`)}, ${field || "entry"}: ${plain(fault)}\n`);
  }
}

/** The first of each sort. */
function describeAffected({ added, changed, disabled, gone, returned, newNames }: Affected): string {
  const lines = [
    ["new", added],
    ["disabled there", disabled],
    ["not there any more", gone],
    ["back", returned],
    ["under another name", newNames.map(({ from, to }) => `${from} → ${to}`)],
  ] as const;
  const different = changed.map(
    ({ name, differences }) => `  ${plain(`${name}: ${differences.join(", ")}`)}\n`,
  );
  return [
    ...lines
      .filter(([, all]) => all.length > 0)
      .map(([what, all]) => `  ${what}: ${plain(all.join(", "))}\n`),
    ...different,
  ].join("");
}

function shown({ sealedPassword, ...setting }: DirectorySetting): object {
  return { ...setting, password: sealedPassword !== "" };
}

function readPassword(path: string): string {
  checkOwn(path, "file", `chmod 600 ${path}`);
  return readFileSync(path, "utf8").replace(/\r?\n$/, "");
}
