import { type Command, Option } from "commander";
import { type Language, languages } from "../../words/language.ts";
import { Failure } from "../failure.ts";
import { changeMail, type MailSetting, mailSetting, securities } from "../mail/settings.ts";
import { tryMail } from "../mail/trial.ts";
import { readSetting } from "../settings/settings.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { addMailQueueCommands } from "./mail-queue.ts";
import { addMailReportCommands } from "./mail-report.ts";
import { addMailWarningsCommands } from "./mail-warnings.ts";
import { readSecretLine, readSmallFile } from "./sending.ts";
import { type Terminal, UsageError } from "./terminal.ts";

interface Given {
  host?: string;
  port?: number;
  security?: MailSetting["security"];
  user?: string;
  passwordFile?: string;
  caFile?: string;
  from?: string;
  fromName?: string;
  replyTo?: string;
  language?: Language;
  off?: boolean;
}

export function addMailCommands(program: Command, parts: CommandParts): void {
  const mail = program.command("mail").description("how this server sends mail, and what waits to be sent");

  mail
    .command("set")
    .description("change how mail is sent; what is not named stays")
    .option("--host <name>", "the mail server")
    .option(
      "--port <number>",
      "its port (587 with starttls, 465 with tls, as a rule)",
      wholeNumberOption(1, 65_535),
    )
    .addOption(
      new Option("--security <how>", "starttls, tls, or none (to this very machine only)").choices(
        securities,
      ),
    )
    .option("--user <name>", 'for AUTH; "" = without')
    .option("--password-file <file>", "its password; - reads it from standard input")
    .option(
      "--ca-file <file>",
      "PEM of the authorities to trust instead of the system's; \"\" = the system's",
    )
    .option("--from <address>", "the sender")
    .option("--from-name <text>", "how the sender is called")
    .option("--reply-to <address>", 'where answers go; "" = to the sender')
    .addOption(
      new Option("--language <code>", "of mail to people whose language is not known").choices(languages),
    )
    .option("--off", "send no mail, and forget the password")
    .action(async (given: Given, command: Command) => {
      if (Object.keys(given).length === 0) throw new UsageError("nothing to set: see mail set --help");
      const change = changeOf(given, parts.terminal);
      return withServer(command, parts, async ({ store, vault }, options) => {
        const after = await store.write((tx) => changeMail(tx, vault, change, parts.clock.wallMs()));
        const next = after.host === "" ? "mail is off" : "mail is set; try it: mail test ADDRESS";
        say(parts, options, shown(after), `${next}\n`);
      });
    });

  mail
    .command("show")
    .description("how mail is sent; the password is never shown")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const setting = await readSetting(store.db, mailSetting);
        const lines = Object.entries(shown(setting)).map(
          ([key, value]) => `${key.padEnd(10)} ${String(value)}`,
        );
        const text =
          setting.host === "" ? "mail is off: mail set --host NAME --from ADDRESS …" : lines.join("\n");
        say(parts, options, shown(setting), `${text}\n`);
      }),
    );

  mail
    .command("test <address>")
    .description("send a mail there now, past the queue, and say what came of it")
    .action(async (address: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        if ((await readSetting(store.db, mailSetting)).host === "")
          throw new Failure("conflict", "mail is off: mail set --host NAME --from ADDRESS …");
        const { clock, random } = parts;
        await tryMail({ vault, random, clock, write: store.write }, address);
        say(
          parts,
          options,
          { sent: true, to: address },
          `the mail server has taken the mail to ${address}\n`,
        );
      }),
    );

  addMailQueueCommands(mail, parts);
  addMailWarningsCommands(mail, parts);
  addMailReportCommands(mail, parts);
}

function changeOf(given: Given, terminal: Terminal) {
  const { off, passwordFile, caFile, ...fields } = given;
  if (off === true) return { host: "", user: "", password: "" };
  return {
    ...fields,
    ...(passwordFile === undefined ? {} : { password: readSecretLine(passwordFile, terminal) }),
    ...(caFile === undefined ? {} : { ca: caFile === "" ? "" : readSmallFile(caFile) }),
    ...(fields.user === "" ? { password: "" } : {}),
  };
}

function shown({ sealedPassword, ca, ...setting }: MailSetting): object {
  return {
    ...setting,
    password: sealedPassword === "" ? "not set" : "set",
    ca: ca === "" ? "the system's" : "its own",
  };
}
