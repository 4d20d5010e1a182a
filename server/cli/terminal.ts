// What commands write, and how they fail.

import { inspect } from "node:util";
import { ConfigurationError } from "../configuration/failure.ts";
import { Failure } from "../failure.ts";
import { describeSystemError } from "./system-errors.ts";

/** Where a command's words go; the composition root hands in the process's own. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether a person reads what goes out. */
  readonly outIsTerminal: boolean;
  /** Resolves once somebody has stopped reading what goes out, and it was noticed by writing. */
  outClosed?(): Promise<void>;
  /** A line that is not shown, of a person or of standard input. Undefined: given up, or nothing there. */
  askSecret?(question: string): Promise<string | undefined>;
}

/** The user of the command line asked for something that can't be meant. Exit code 2. */
export class UsageError extends Error {}

/** What a person can act on, one line but for faults of a configuration. A fault's own words are kept out of it, since they may hold more than they should. */
export function describeError(error: unknown): string {
  if (error instanceof Failure || error instanceof UsageError || error instanceof ConfigurationError)
    return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== "string") return `an unexpected fault: ${inspect((error as Error).message ?? error)}`;
  if (code.startsWith("ERR_SQLITE")) return `the database: ${String((error as Error).message)}`;
  return describeSystemError({ ...(error as NodeJS.ErrnoException), code }) ?? code;
}

/** A stable word for scripts. */
export function errorCode(error: unknown): string {
  if (error instanceof Failure) return error.code;
  if (error instanceof ConfigurationError) return "configuration";
  return error instanceof UsageError ? "usage" : "fault";
}

/** Text from elsewhere (host names, services, user names) with control and direction characters made visible. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** Columns wide enough for their content; a line that says so when there is nothing. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
  nothing: string,
): string {
  if (rows.length === 0) return `${nothing}\n`;
  return columns([heads, ...rows]);
}

/** Lines of them; each as wide as its widest cell where no widths are given, and at least as wide as those are. */
export function columns(
  rows: readonly (readonly (string | number | null)[])[],
  given?: readonly number[],
): string {
  const cells = rows.map((row) => row.map((cell) => plain(String(cell ?? "-"))));
  const first = rows[0] ?? [];
  const widths =
    given ??
    first.map((_, column) => cells.reduce((most, row) => Math.max(most, (row[column] ?? "").length), 0));
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
