// Makes any value printable: by its type alone, so that nobody has to remember which field holds what.

import { harmless } from "../../words/harmless.ts";
import { Secret } from "../../words/secret.ts";

const deepest = 4;
const mostItems = 50;
const longestText = 1_000;

export type Printable = string | number | boolean | null | Printable[] | { [name: string]: Printable };

/**
 * A Secret is `[secret]`, bytes are only counted, functions and symbols are named by their type, and text is one
 * harmless line of bounded length. Never throws, not even for a getter that does.
 */
export function printable(value: unknown, depth = 0): Printable {
  try {
    return inOrder(value, depth);
  } catch {
    return "[unprintable]";
  }
}

function inOrder(value: unknown, depth: number): Printable {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return line(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean") return value;
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object") return `[${typeof value}]`;
  if (value instanceof Secret) return "[secret]";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[no date]" : value.toISOString();
  if (depth >= deepest) return "[deeper]";
  if (value instanceof Error) return fault(value, depth);
  if (value instanceof Map)
    return entries(
      [...value].map(([key, item]) => [String(key), item]),
      depth,
    );
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, mostItems).map((item) => printable(item, depth + 1));
  return entries(Object.entries(value), depth);
}

function entries(pairs: readonly (readonly [string, unknown])[], depth: number): Printable {
  return Object.fromEntries(
    pairs.slice(0, mostItems).map(([name, item]) => [line(name), printable(item, depth + 1)]),
  );
}

/** The stack is kept, since an error that reaches the log is a fault of the agent's; what else hangs on it is not. */
function fault(error: Error, depth: number): Printable {
  const code = "code" in error ? error.code : undefined;
  return {
    name: line(error.name),
    ...(typeof code === "string" || typeof code === "number" ? { code: line(String(code)) } : {}),
    message: line(error.message),
    ...(error.stack === undefined
      ? {}
      : {
          stack: error.stack
            .split("\n")
            .slice(1, 12)
            .map((at) => line(at.trim())),
        }),
    ...(error.cause === undefined ? {} : { cause: printable(error.cause, depth + 1) }),
  };
}

function line(text: string): string {
  return harmless(text.length > longestText ? `${text.slice(0, longestText)}…` : text);
}
