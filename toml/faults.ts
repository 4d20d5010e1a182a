// Faults of a configuration as sentences: which key, where it stands, what to do.

import type * as v from "valibot";
import { harmless } from "../words/harmless.ts";
import { closest } from "./closest.ts";
import { type Locate, locator, type Position } from "./locate.ts";
import { isTable } from "./table.ts";

export interface Fault {
  readonly path: readonly string[];
  /** Follows the key: "must be true or false". Undefined: the key is unknown. */
  readonly sentence: string | undefined;
  readonly meant?: string | undefined;
}

interface Entries {
  readonly [name: string]: unknown;
}

/** Keys that no entry of the schema has, at any depth that the schema describes. Names such as `constructor` included. */
export function unknownKeys(entries: Entries, table: object, above: readonly string[] = []): Fault[] {
  return Object.entries(table).flatMap(([name, value]): Fault[] => {
    const path = [...above, name];
    if (!Object.hasOwn(entries, name)) {
      const meant = closest(name, Object.keys(entries));
      return [
        { path, sentence: undefined, meant: meant === undefined ? undefined : dotted([...above, meant]) },
      ];
    }
    const below = entriesOf(entries[name]);
    if (below === undefined || typeof value !== "object") return [];
    return isTable(value) ? unknownKeys(below, value, path) : [{ path, sentence: "must be a table" }];
  });
}

function entriesOf(schema: unknown): Entries | undefined {
  if (typeof schema !== "object" || schema === null) return undefined;
  if ("wrapped" in schema) return entriesOf(schema.wrapped);
  return "entries" in schema ? (schema.entries as Entries) : undefined;
}

export function wrongValues(issues: readonly v.BaseIssue<unknown>[]): Fault[] {
  return issues.map((issue) => ({
    path: (issue.path ?? []).map((item) => String(item.key)),
    sentence: issue.message,
  }));
}

export interface Told {
  /** How the faults name the file. */
  readonly file: string;
  /** Where the keys are described, as in `nightlatchd.toml(5)`. */
  readonly manual: string;
}

/** One sentence a fault, in the order of the file. */
export function sentences(faults: readonly Fault[], text: string, told: Told): string {
  return located(faults, text)
    .map(({ fault, at }) => sentence(fault, at, told))
    .join("\n");
}

/** The same with the line and a caret under each. */
export function sentencesWithLines(faults: readonly Fault[], text: string, told: Told): string {
  return located(faults, text)
    .map(({ fault, at }) => `${sentence(fault, at, told)}\n${excerpt(text, at)}`)
    .join("\n");
}

/** The line and a caret under the place. Of a value nothing is shown: it may be a secret, and go on over lines. */
export function excerpt(text: string, { line, column }: Position): string {
  const whole = (text.split("\n")[line - 1] ?? "").replaceAll("\t", " ");
  const key = /^\s*[\w."'-]{1,80}\s*=/.exec(whole)?.[0];
  const table = /^\s*\[[^\]#]{0,80}\]?/.exec(whole)?.[0];
  const shown = key ?? table ?? "";
  const margin = `  ${line} | `;
  const at = Math.min(column - 1, shown.length + 1);
  return `${margin}${harmless(shown)} …\n${" ".repeat(margin.length - 2)}| ${" ".repeat(at)}^`;
}

function located(faults: readonly Fault[], text: string): { fault: Fault; at: Position }[] {
  const locate = locator(text);
  return faults
    .map((fault) => ({ fault, at: nearest(locate, fault.path) }))
    .sort((one, other) => one.at.line - other.at.line || one.at.column - other.at.column);
}

function sentence({ path, sentence: said, meant }: Fault, { line, column }: Position, told: Told): string {
  const where = `${told.file}:${line}:${column}`;
  if (said !== undefined) return `\`${dotted(path)}\` at ${where} ${said}`;
  const hint = meant === undefined ? `see ${told.manual} for those there are` : `did you mean \`${meant}\`?`;
  return `unknown key \`${dotted(path)}\` at ${where}; ${hint}`;
}

/** A key that stands nowhere by itself, as within a list, is looked for at what holds it. */
function nearest(locate: Locate, path: readonly string[]): Position {
  for (let length = path.length; length > 0; length--) {
    const at = locate(path.slice(0, length));
    if (at !== undefined) return at;
  }
  return { line: 1, column: 1 };
}

function dotted(path: readonly string[]): string {
  return path
    .map((name) => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(harmless(name))))
    .join(".");
}
