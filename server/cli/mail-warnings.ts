import type { Command } from "commander";
import { type Warnings, warningsSetting } from "../mail/warnings-setting.ts";
import { readSetting, writeSetting } from "../settings/settings.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";

/** `mail warnings …` */
export function addMailWarningsCommands(mail: Command, parts: CommandParts): void {
  const warnings = mail
    .command("warnings")
    .description("when users are told that their offline sign-in on a machine ends");

  warnings
    .command("set")
    .description("tell users by mail, once for each lease")
    .requiredOption(
      "--days <number>",
      "so many days before it ends; 0 tells nobody",
      wholeNumberOption(0, 30),
    )
    .action(async ({ days }: Warnings, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const nowMs = parts.clock.wallMs();
        const after = await store.write((tx) => writeSetting(tx, warningsSetting, { days }, nowMs));
        say(parts, options, after, asText(after));
      }),
    );

  warnings
    .command("show")
    .description("how it is set")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const setting = await readSetting(store.db, warningsSetting);
        say(parts, options, setting, asText(setting));
      }),
    );
}

function asText({ days }: Warnings): string {
  if (days === 0) return "nobody is told before a lease ends\n";
  return `users are told ${days} ${days === 1 ? "day" : "days"} before a lease ends, if mail is set\n`;
}
