// The command line, put together; and what its ends mean: 0 done, 1 failed or not found, 2 not understood, 78
// the configuration is wrong (EX_CONFIG), so that systemd does not restart what can't start.

import { Command, CommanderError } from "commander";
import { helpPointer, pointToHelp } from "../../words/help-pointer.ts";
import { ConfigurationError } from "../configuration/failure.ts";
import { version } from "../version.ts";
import { addAdminCommands } from "./admins.ts";
import { addAuditCommand } from "./audit.ts";
import { addAuthenticatorCommands } from "./authenticators.ts";
import { addBackupCommands } from "./backup.ts";
import { addConfigCommands } from "./config.ts";
import { addDirectoryCommands } from "./directory.ts";
import { addEnrolmentCommands } from "./enrolments.ts";
import { addExportCommand } from "./export.ts";
import { addImportCommands } from "./import-commands.ts";
import { addInitCommand } from "./init.ts";
import { addKeyCommands } from "./keys.ts";
import { addJoinTokenCommands, addMachineCommands } from "./machines.ts";
import { addMailCommands } from "./mail.ts";
import { addMigrateStoreCommand } from "./migrate-store.ts";
import { addPolicyCommands } from "./policies.ts";
import { addProvisioningCommands } from "./provisioning.ts";
import { addServeCommand, type ServeParts } from "./serve.ts";
import { addSmsCommands } from "./sms.ts";
import { describeError, errorCode, plain, UsageError } from "./terminal.ts";
import { addUnlockCommand } from "./unlock.ts";
import { addUserCommands } from "./users.ts";

export const defaultConfigFile = "/etc/nightlatch/server.toml";

/** Runs one command; the exit code. `args` are those after the program's name. */
export async function runCommand(args: readonly string[], parts: ServeParts): Promise<0 | 1 | 2 | 78> {
  // What could not be parsed could have had the option anywhere.
  const json = args.includes("--json");
  const program = makeProgram(parts, json);
  let running = program;
  program.hook("preAction", (_, command) => {
    running = command;
  });
  const fail = (error: unknown): void => {
    const message = describeError(error).split("\n").map(plain).join("\n");
    const said = json ? JSON.stringify({ error: { code: errorCode(error), message } }) : undefined;
    const pointer = !json && error instanceof UsageError ? `\n${helpPointer(running)}` : "";
    parts.terminal.err(`${said ?? `nightlatch-server: ${message}${pointer}`}\n`);
  };
  try {
    await program.parseAsync(helpAtItsCommand(args), { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (json && error.exitCode !== 0) fail(new UsageError(error.message.replace(/^error: /, "")));
      return error.exitCode === 0 ? 0 : 2;
    }
    fail(error);
    if (error instanceof ConfigurationError) return 78;
    return error instanceof UsageError ? 2 : 1;
  }
}

/** `help policy set` is the help of that command: commander's own knows the first name only. */
function helpAtItsCommand(args: readonly string[]): readonly string[] {
  const [first, ...names] = args;
  return first === "help" && names.length > 1 ? [...names, "--help"] : args;
}

function makeProgram(parts: ServeParts, json: boolean): Command {
  const program = new Command("nightlatch-server")
    .description(
      "the server of Nightlatch: MFA for workstations that keeps working when this server is out of reach",
    )
    .option(
      "--config <file>",
      `TOML; see nightlatch-server.toml(5) (default: ${defaultConfigFile} if it is there and no folder is named)`,
    )
    .option("--data <dir>", "the server's folder: its key, and its database unless --database is given")
    .option("--database <url>", "PostgreSQL: postgres://USER@HOST/DATABASE; no password here")
    .option("--json", "JSON for scripts, errors too; times are ISO 8601")
    .version(`nightlatch-server ${version}`)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => parts.terminal.out(text),
      writeErr: (text) => parts.terminal.err(text),
      outputError: (text, write) => (json ? undefined : write(text)),
    })
    .exitOverride();
  addInitCommand(program, parts);
  addServeCommand(program, parts);
  addMigrateStoreCommand(program, parts);
  addConfigCommands(program, parts);
  addKeyCommands(program, parts);
  addBackupCommands(program, parts);
  addUserCommands(program, parts);
  addAdminCommands(program, parts);
  addImportCommands(program, parts);
  addExportCommand(program, parts);
  addDirectoryCommands(program, parts);
  addAuthenticatorCommands(program, parts);
  addJoinTokenCommands(program, parts);
  addMachineCommands(program, parts);
  addEnrolmentCommands(program, parts);
  addUnlockCommand(program, parts);
  addPolicyCommands(program, parts);
  addProvisioningCommands(program, parts);
  addMailCommands(program, parts);
  addSmsCommands(program, parts);
  addAuditCommand(program, parts);
  // In JSON the error is one document.
  if (!json) pointToHelp(program);
  return program;
}
