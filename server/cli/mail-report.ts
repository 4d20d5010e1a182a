import { type Command, Option } from "commander";
import { reportDays, type WeeklyReport, weeklySetting } from "../mail/weekly-setting.ts";
import { readSetting, writeSetting } from "../settings/settings.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

/** `mail report …` */
export function addMailReportCommands(mail: Command, parts: CommandParts): void {
  const report = mail.command("report").description("the weekly report that admins get by mail");

  report
    .command("set")
    .description("change when it is sent; what is not named stays")
    .addOption(new Option("--day <weekday>", "on which day, or off").choices(reportDays))
    .option("--hour <number>", "from which hour on, in UTC", wholeNumberOption(0, 23))
    .action(async (given: Partial<WeeklyReport>, command: Command) => {
      if (Object.keys(given).length === 0) throw new UsageError("nothing to set: see mail report set --help");
      return withServer(command, parts, async ({ store }, options) => {
        const nowMs = parts.clock.wallMs();
        const after = await store.write(async (tx) => {
          const present = await readSetting(tx, weeklySetting);
          return writeSetting(tx, weeklySetting, { ...present, ...given }, nowMs);
        });
        say(parts, options, after, asText(after));
      });
    });

  report
    .command("show")
    .description("how it is set")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const setting = await readSetting(store.db, weeklySetting);
        say(parts, options, setting, asText(setting));
      }),
    );
}

function asText({ day, hour }: WeeklyReport): string {
  if (day === "off") return "there is no weekly report: mail report set --day monday\n";
  return `admins get the weekly report each ${day} at ${String(hour).padStart(2, "0")}:00 UTC, if mail is set\n`;
}
