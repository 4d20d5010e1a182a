// What every part of the agent may say to its operator. The parts know this port only; logger.ts is behind it.

export const levels = ["debug", "info", "warn", "error"] as const;

export type Level = (typeof levels)[number];

/** Values that are safe to hand over as they are: a `Secret`, bytes and errors are shown by their type's rule. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}
