// What every command needs: the open server, the terminal, the options that stand on each of them.

import { type Command, InvalidArgumentError } from "commander";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { operatedBy } from "../audit/operator.ts";
import { keyNames } from "../configuration/keys.ts";
import { OptionError, type Resolved, resolveConfiguration } from "../configuration/resolve.ts";
import { initServer, type OpenServer, openServer } from "../identity/open-server.ts";
import { type Terminal, UsageError } from "./terminal.ts";

export interface CommandParts {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: Random;
  /** The account of the operating system that runs the command, for the audit. */
  readonly operator: string;
  /** The process's: NIGHTLATCH_DATA and its like, for what is not given at the command line. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Read where neither a file nor a folder is named. */
  readonly defaultConfigFile?: string | undefined;
}

export interface CommonOptions {
  readonly data: string;
  /** Where PostgreSQL is; undefined for the database in the folder. */
  readonly database: string | undefined;
  readonly json: boolean;
}

/** What stands behind a command: its own and the global options over the environment over the file. */
export function configured(command: Command, parts: CommandParts): Resolved {
  const given = command.optsWithGlobals<Record<string, unknown>>();
  const text = (name: string) => (typeof given[name] === "string" ? given[name] : undefined);
  try {
    return resolveConfiguration({
      options: Object.fromEntries(keyNames.map((name) => [name, text(name)])),
      environment: parts.environment,
      file: text("config"),
      defaultFile: parts.defaultConfigFile,
    });
  } catch (error) {
    throw error instanceof OptionError ? new UsageError(error.message) : error;
  }
}

/** For what does not open the server that is there. */
export function dataOf(command: Command, parts: CommandParts): CommonOptions {
  return commonOptions(command, parts);
}

function commonOptions(command: Command, parts: CommandParts): CommonOptions {
  const { data, database } = configured(command, parts).configuration;
  if (data === undefined)
    throw new UsageError(
      "say which server: --data DIR, the environment variable NIGHTLATCH_DATA, or data in --config FILE",
    );
  return { data, database, json: command.optsWithGlobals<{ json?: boolean }>().json === true };
}

type Work<T> = (server: OpenServer, options: CommonOptions) => Promise<T>;

/** Opens the server for one command and closes it after. Where there is none, none is made. What is changed bears the operator's name. */
export function withServer<T>(command: Command, parts: CommandParts, work: Work<T>): Promise<T> {
  return between(command, parts, openServer, (server, options) =>
    work({ ...server, store: operatedBy(server.store, `command line: ${parts.operator}`) }, options),
  );
}

/** The server that is there, for all who ask it: whoever started it is not the hand behind what they do. */
export function withServerForAll<T>(command: Command, parts: CommandParts, work: Work<T>): Promise<T> {
  return between(command, parts, openServer, work);
}

/** Likewise; makes it first where the folder is empty or not there yet: only for who has asked for that. */
export function withNewServer<T>(command: Command, parts: CommandParts, work: Work<T>): Promise<T> {
  return between(command, parts, initServer, work);
}

async function between<T>(
  command: Command,
  parts: CommandParts,
  opened: typeof openServer,
  work: Work<T>,
): Promise<T> {
  const options = commonOptions(command, parts);
  const server = await opened(options.data, parts.clock, parts.random, options.database);
  try {
    return await work(server, options);
  } finally {
    await server.store.close();
  }
}

/** JSON for scripts, or text for people. */
export function say(
  parts: CommandParts,
  options: Pick<CommonOptions, "json">,
  json: unknown,
  text: string,
): void {
  parts.terminal.out(options.json ? `${JSON.stringify(json, null, 2)}\n` : text);
}

export const wholeLinkHint = "(set [web] address in server.toml to have the whole link here)";

/** An option's reader for whole numbers. */
export function wholeNumberOption(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`give a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** An option's reader that collects every mention. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
