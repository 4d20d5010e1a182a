// The agent's log on standard error, where systemd, launchd or a person reads it.

import { pino } from "pino";
import type { Clock } from "../../words/clock.ts";
import { harmless } from "../../words/harmless.ts";
import { type Fields, type Level, type Log, levels } from "./log.ts";
import { type Printable, printable } from "./redact.ts";

export interface LoggerOptions {
  readonly level: Level;
  readonly format: "json" | "text";
  readonly clock: Clock;
  /** Where lines go; each write is one whole line. */
  readonly out: { write(line: string): void };
}

/** No worker thread and no buffer: a line is out before the call returns, so that a crash keeps the last words. */
export function makeLog(options: LoggerOptions): Log {
  return options.format === "json" ? jsonLog(options) : textLog(options);
}

function jsonLog({ level, clock, out }: LoggerOptions): Log {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${isoTime(clock)}"`,
    },
    out,
  );
  return fromWriter((at, message, fields) => {
    if (logger.isLevelEnabled(at)) logger[at](shown(fields), harmless(message));
  });
}

function textLog({ level, clock, out }: LoggerOptions): Log {
  const lowest = levels.indexOf(level);
  return fromWriter((at, message, fields) => {
    if (levels.indexOf(at) < lowest) return;
    const given = Object.entries(shown(fields)).map(([name, value]) => ` ${name}=${word(value)}`);
    out.write(`${isoTime(clock)} ${at.padEnd(5)} ${harmless(message)}${given.join("")}\n`);
  });
}

/** Fields under names of their own, so that none can pass for the time or the level of the line. */
const taken: ReadonlySet<string> = new Set(["time", "level", "message"]);

function shown(fields: Fields | undefined): Record<string, Printable> {
  return Object.fromEntries(
    Object.entries(fields ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[taken.has(name) ? `${name}_` : harmless(name), printable(value)]],
    ),
  );
}

function word(value: Printable): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function isoTime(clock: Clock): string {
  return new Date(clock.wallMs()).toISOString();
}

function fromWriter(write: (level: Level, message: string, fields: Fields | undefined) => void): Log {
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
  };
}

/** Standard error, written at once. A log that can't be written stops nothing: sign-ins go on without it. */
export function standardError(writeSync: (fd: number, text: string) => number): {
  write(line: string): void;
} {
  return {
    write: (line) => {
      try {
        writeSync(2, line);
      } catch {
        // The disk is full or the reader is gone. The events of record are in the outbox, not here.
      }
    },
  };
}
