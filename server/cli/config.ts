import type { Command } from "commander";
import { ConfigurationError } from "../configuration/failure.ts";
import { type KeyName, keyNames, keyOf } from "../configuration/keys.ts";
import type { Resolved } from "../configuration/resolve.ts";
import { Failure } from "../failure.ts";
import { readTls } from "../listen/tls.ts";
import { type CommandParts, configured, say } from "./command-parts.ts";
import { table } from "./terminal.ts";

export function addConfigCommands(program: Command, parts: CommandParts): void {
  const config = program.command("config").description("what the server is told by file and environment");

  config
    .command("check")
    .description("whether the configuration is good, certificate and key included; exit code 78 if not")
    .action((_: object, command: Command) => {
      const { configuration, file } = configured(command, parts);
      const { tlsCert, tlsKey } = configuration;
      if (tlsCert !== undefined && tlsKey !== undefined) checkTls(tlsCert, tlsKey);
      const said = file === undefined ? "no file is read" : file;
      say(
        parts,
        jsonOf(command),
        { good: true, file: file ?? null },
        `the configuration is good (${said})\n`,
      );
    });

  config
    .command("show")
    .description("every key with its value and where that comes from; secrets are left out")
    .action((_: object, command: Command) => {
      const resolved = configured(command, parts);
      const rows = keyNames.map((name) => ({
        key: keyOf(name).path.join("."),
        value: shown(name, resolved),
        from: resolved.from[name],
      }));
      const cells = rows.map(({ key, value, from }) => [key, value === null ? "-" : String(value), from]);
      const file = resolved.file ?? null;
      say(parts, jsonOf(command), { file, keys: rows }, table(["KEY", "VALUE", "FROM"], cells, "no keys"));
    });
}

function checkTls(cert: string, key: string): void {
  try {
    readTls(cert, key);
  } catch (error) {
    throw error instanceof Failure ? new ConfigurationError(error.message) : error;
  }
}

function shown(name: KeyName, { configuration }: Resolved): unknown {
  const value = configuration[name];
  if (value === undefined) return null;
  const { redact } = keyOf(name);
  return redact === undefined || typeof value !== "string" ? value : redact(value);
}

function jsonOf(command: Command): { readonly json: boolean } {
  return { json: command.optsWithGlobals<{ json?: boolean }>().json === true };
}
