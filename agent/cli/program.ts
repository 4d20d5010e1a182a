// The commands of `nightlatch`, their options and their help.

import { Command, CommanderError } from "commander";
import { harmless } from "../../words/harmless.ts";
import { helpPointer, pointToHelp } from "../../words/help-pointer.ts";
import { kinds, parseKind } from "../../words/kind.ts";
import { parseUserName } from "../../words/user-name.ts";
import { version } from "../platform/version.ts";
import { protectorNames } from "../admin/actions.ts";
import { type AdminClient, adminClient } from "./admin-client.ts";
import { examine, exitAfter, showFindings } from "./doctor/doctor.ts";
import { pamPlaces } from "./doctor/system.ts";
import { exitCodes, exitTable } from "./exit-codes.ts";
import { type Io, Stop } from "./io.ts";
import { painter } from "./show/paint.ts";
import { counted } from "./show/quantities.ts";
import { showExplanation, showRotation, showStatus } from "./show/status.ts";
import { signIn } from "./sign-in.ts";
import { readToken } from "./token.ts";

interface Global {
  readonly adminSocket: string;
  readonly dialogueSocket: string;
  readonly json?: boolean;
}

const defaults = {
  admin: "/run/nightlatch/admin.sock",
  dialogue: "/run/nightlatch/dialogue.sock",
  config: "/etc/nightlatch/nightlatchd.toml",
};

/** Runs one command line, without the program's name, and gives back what to exit with. Never throws. */
export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  let exit: number = exitCodes.done.code;
  const program = commands(io, (code) => {
    exit = code;
  });
  let running = program;
  program.hook("preAction", (_, command) => {
    running = command;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.done.code : exitCodes.usage.code;
    const stop = error instanceof Stop ? error : unexpected(error);
    const wantsJson = program.opts<Global>().json === true;
    if (wantsJson)
      io.stdout.write(`${JSON.stringify({ error: { code: stop.code, message: stop.message } })}\n`);
    else {
      const pointer = stop.exit === exitCodes.usage.code ? `${helpPointer(running)}\n` : "";
      io.stderr.write(`nightlatch: ${harmless(stop.message)}\n${pointer}`);
    }
    return stop.exit;
  }
}

function commands(io: Io, exitWith: (code: number) => void): Command {
  const program = new Command("nightlatch");
  const given = (): Global => program.opts<Global>();
  const client = (): AdminClient => adminClient(io, given().adminSocket);
  const paint = painter(io.stdout, io.env);
  /** The result for people, or as the agent gave it. */
  const tell = (value: unknown, words: string): void => {
    io.stdout.write(given().json === true ? `${JSON.stringify(value)}\n` : words);
  };

  program
    .description("Sign-in with a second factor that keeps working when the server is out of reach.")
    .version(version)
    .option(
      "--admin-socket <path>",
      "where the agent is administered",
      io.env["NIGHTLATCH_ADMIN_SOCKET"] || defaults.admin,
    )
    .option(
      "--dialogue-socket <path>",
      "where the agent is signed in with",
      io.env["NIGHTLATCH_DIALOGUE_SOCKET"] || defaults.dialogue,
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", `\n${exitTable()}`)
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .exitOverride();

  program
    .command("status")
    .description("the agent, its server, and who may sign in offline for how long")
    .action(async () => {
      const status = await client().status();
      tell(status, showStatus(status, io.clock.wallMs(), paint));
    });

  program
    .command("sync")
    .description("exchange with the server now")
    .action(async () => {
      const report = await client().sync();
      const { eventsSent, bundlesReceived, revocationsApplied } = report;
      tell(
        report,
        `Synced: ${counted(eventsSent, "event")} sent, ${counted(bundlesReceived, "bundle")} received, ${counted(revocationsApplied, "revocation")} applied.\n`,
      );
    });

  program
    .command("join")
    .description("make this machine known to a server, with a token that its admin made")
    .argument("<url>", "the server's address")
    .requiredOption("--token-file <file>", "the file with the join token, or - for standard input")
    .action(async (url: string, { tokenFile }: { tokenFile: string }) => {
      const report = await client().join(url, await readToken(tokenFile, io.stdin));
      tell(report, `Joined ${harmless(report.server)} as ${harmless(report.machine)}.\n`);
    });

  program
    .command("rotate-keys")
    .description("new keys for this machine; users, leases and codes stay as they are; needs the server")
    .action(async () => {
      const report = await client().rotateKeys("same");
      tell(report, showRotation(report));
    });

  program
    .command("protector")
    .description(
      "what seals this machine's keys and what that defends; with a name: new keys, sealed by that",
    )
    .argument("[name]", protectorNames.join(", "))
    .action(async (name: string | undefined) => {
      if (name === undefined) {
        const { protector } = await client().status();
        tell(protector, `${protector.name}: ${protector.defends}\n`);
        return;
      }
      if (!protectorNames.some((one) => one === name))
        throw new Stop(exitCodes.usage.code, "usage", `a protector is one of ${protectorNames.join(", ")}`);
      const report = await client().rotateKeys(name);
      tell(report, showRotation(report));
    });

  program
    .command("sign-in")
    .description("sign in as at a prompt, with answers from the terminal or one a line from standard input")
    .argument("<user>", "whose sign-in; without being root only your own")
    .option("--kind <kind>", kinds.join(", "), "logon")
    .option("--service <name>", "the service to be told to the agent", "nightlatch")
    .action(async (user: string, { kind, service }: { kind: string; service: string }) => {
      const { dialogueSocket, json } = given();
      exitWith(await signIn(io, dialogueSocket, user, { kind, service, json: json === true }));
    });

  program
    .command("explain")
    .description("why a sign-in now would be asked, granted or refused")
    .argument("<user>", "whose sign-in")
    .option("--kind <kind>", kinds.join(", "), "logon")
    .action(async (user: string, { kind }: { kind: string }) => {
      const explanation = await client().explain(checked(parseUserName(user)), checked(parseKind(kind)));
      tell(explanation, showExplanation(explanation, paint));
    });

  program
    .command("forget")
    .description("remove a user's enrolment from this machine")
    .argument("<user>", "whose enrolment")
    .action(async (user: string) => {
      const report = await client().forget(checked(parseUserName(user)));
      tell(report, report.forgotten ? "Forgotten.\n" : "There was nothing to forget.\n");
    });

  program
    .command("doctor")
    .description("check everything that has to be right, and say what to do where it is not")
    .option("--config <file>", "the agent's configuration", defaults.config)
    .action(async ({ config }: { config: string }) => {
      const { adminSocket, dialogueSocket } = given();
      const places = { admin: adminSocket, dialogue: dialogueSocket, config, pam: pamPlaces };
      const findings = await examine(io, client(), places);
      tell(findings, showFindings(findings, paint));
      exitWith(exitAfter(findings));
    });

  pointToHelp(program);
  return program;
}

function checked<T>(
  input: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string },
): T {
  if (!input.ok) throw new Stop(exitCodes.usage.code, "usage", input.error);
  return input.value;
}

function unexpected(error: unknown): Stop {
  const said = error instanceof Error ? error.message : "something went wrong";
  return new Stop(exitCodes.failed.code, "internal", said);
}
