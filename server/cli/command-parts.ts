// What every command needs: the open server, the terminal, the options that stand on each of them.

import { type Command, InvalidArgumentError } from "commander";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { type OpenServer, openServer } from "../identity/open-server.ts";
import { type Terminal, UsageError } from "./terminal.ts";

export interface CommandParts {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: Random;
  /** The account of the operating system that runs the command, for the audit. */
  readonly operator: string;
  /** NIGHTLATCH_DATA, for when --data is not given. */
  readonly dataFromEnvironment: string | undefined;
}

export interface CommonOptions {
  readonly data: string;
  readonly json: boolean;
}

function commonOptions(command: Command, parts: CommandParts): CommonOptions {
  const { data, json } = command.optsWithGlobals<{ data?: string; json?: boolean }>();
  const folder = data ?? parts.dataFromEnvironment;
  if (folder === undefined || folder === "")
    throw new UsageError("say which server: --data DIR, or the environment variable NIGHTLATCH_DATA");
  return { data: folder, json: json === true };
}

/** Opens the server's folder for one command and closes it after. */
export async function withServer<T>(
  command: Command,
  parts: CommandParts,
  work: (server: OpenServer, options: CommonOptions) => Promise<T>,
): Promise<T> {
  const options = commonOptions(command, parts);
  const server = await openServer(options.data, parts.clock, parts.random);
  try {
    return await work(server, options);
  } finally {
    await server.store.close();
  }
}

/** JSON for scripts, or text for people. */
export function say(parts: CommandParts, options: CommonOptions, json: unknown, text: string): void {
  parts.terminal.out(options.json ? `${JSON.stringify(json, null, 2)}\n` : text);
}

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
