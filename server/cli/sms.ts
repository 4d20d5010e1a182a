import { type Command, Option } from "commander";
import {
  bodyFormats,
  changeGateway,
  type GatewaySetting,
  gatewaySetting,
  methods,
} from "../mail/gateway-setting.ts";
import { tryText } from "../mail/trial.ts";
import { readSetting } from "../settings/settings.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { readSecretLine, readSmallFile } from "./sending.ts";
import { UsageError } from "./terminal.ts";

interface Given {
  url?: string;
  method?: GatewaySetting["method"];
  format?: GatewaySetting["format"];
  body?: string;
  headerName?: string;
  headerFile?: string;
  caFile?: string;
  off?: boolean;
}

export function addSmsCommands(program: Command, parts: CommandParts): void {
  const sms = program
    .command("sms")
    .description("how this server sends text messages: through an HTTP gateway");

  sms
    .command("set")
    .description("change it; what is not named stays")
    .option("--url <url>", "the gateway: https, or http to this very machine")
    .addOption(new Option("--method <name>", "of the request").choices(methods))
    .addOption(new Option("--format <format>", "of the body (of a GET: of the query)").choices(bodyFormats))
    .option("--body <template>", `with {to} and {text}, such as ${gatewaySetting.whenUnset.body}`)
    .option("--header-name <name>", "a header with a key, such as Authorization")
    .option("--header-file <file>", "its value; - reads it from standard input")
    .option(
      "--ca-file <file>",
      "PEM of the authorities to trust instead of the system's; \"\" = the system's",
    )
    .option("--off", "send no text messages, and forget the header")
    .action(async (given: Given, command: Command) => {
      if (Object.keys(given).length === 0) throw new UsageError("nothing to set: see sms set --help");
      const { off, headerFile, caFile, ...fields } = given;
      const change =
        off === true
          ? { url: "" }
          : {
              ...fields,
              ...(headerFile === undefined ? {} : { header: readSecretLine(headerFile, parts.terminal) }),
              ...(caFile === undefined ? {} : { ca: caFile === "" ? "" : readSmallFile(caFile) }),
            };
      return withServer(command, parts, async ({ store, vault }, options) => {
        const after = await store.write((tx) => changeGateway(tx, vault, change, parts.clock.wallMs()));
        const next =
          after.url === "" ? "text messages are off" : "text messages are set; try it: sms test NUMBER";
        say(parts, options, shown(after), `${next}\n`);
      });
    });

  sms
    .command("show")
    .description("how text messages are sent; the header's value is never shown")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const setting = await readSetting(store.db, gatewaySetting);
        const lines = Object.entries(shown(setting)).map(
          ([key, value]) => `${key.padEnd(10)} ${String(value)}`,
        );
        const text = setting.url === "" ? "text messages are off: sms set --url URL …" : lines.join("\n");
        say(parts, options, shown(setting), `${text}\n`);
      }),
    );

  sms
    .command("test <number>")
    .description("send a text message there now, past the queue, and say what came of it")
    .action(async (number: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const to = await tryText({ vault, clock: parts.clock, write: store.write }, number);
        say(parts, options, { sent: true, to }, `the gateway has taken the message to ${to}\n`);
      }),
    );
}

function shown({ sealedHeader, ca, ...setting }: GatewaySetting): object {
  return {
    ...setting,
    header: sealedHeader === "" ? "not set" : "set",
    ca: ca === "" ? "the system's" : "its own",
  };
}
