// server.toml: from bytes to one checked value a key. Anything doubtful is a fault with its place, never a default.

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { excerpt, type Fault, sentencesWithLines, unknownKeys } from "../../toml/faults.ts";
import { isTable } from "../../toml/table.ts";
import { ConfigurationError } from "./failure.ts";
import { type KeyName, keyNames, keyOf } from "./keys.ts";

const mostBytes = 65_536;
const manual = "nightlatch-server.toml(5)";

export type Given = ReadonlyMap<KeyName, unknown>;

/** @throws ConfigurationError that tells every fault. */
export function readConfigurationFile(path: string): Given {
  try {
    return parseConfiguration(readOwn(path), path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== undefined) throw new ConfigurationError(`the configuration can't be read: ${path}: ${code}`);
    throw error;
  }
}

/** `file` is how the faults name the text. @throws ConfigurationError */
export function parseConfiguration(text: string, file: string): Given {
  const table = parseToml(text, file);
  const faults: Fault[] = [...unknownKeys(entries(), table), ...notTables(table)];
  const given = new Map<KeyName, unknown>();
  for (const name of keyNames) {
    const { path, schema } = keyOf(name);
    const value = valueAt(table, path);
    if (value === undefined) continue;
    const checked = v.safeParse(schema, value);
    if (checked.success) given.set(name, checked.output);
    else faults.push({ path, sentence: checked.issues[0].message });
  }
  if (faults.length > 0) throw new ConfigurationError(sentencesWithLines(faults, text, { file, manual }));
  return given;
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [said = "not TOML"] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new ConfigurationError(
      `syntax error at ${file}:${error.line}:${error.column}: ${said}\n${excerpt(text, error)}`,
    );
  }
}

/** The tables as `unknownKeys` looks at them. */
function entries(): Record<string, unknown> {
  const top: Record<string, { entries: Record<string, unknown> } | undefined> = {};
  for (const name of keyNames) {
    const [first = "", second] = keyOf(name).path;
    if (second === undefined) top[first] = undefined;
    else {
      const below = top[first] ?? { entries: {} };
      below.entries[second] = undefined;
      top[first] = below;
    }
  }
  return top;
}

/** What is an object, but no table, `unknownKeys` has told of. */
function notTables(table: Record<string, unknown>): Fault[] {
  return Object.entries(entries())
    .filter(([name, below]) => below !== undefined && Object.hasOwn(table, name))
    .filter(([name]) => typeof table[name] !== "object")
    .map(([name]) => ({ path: [name], sentence: "must be a table" }));
}

function valueAt(table: Record<string, unknown>, path: readonly string[]): unknown {
  let value: unknown = table;
  for (const name of path) {
    if (!isTable(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A file that nobody but root and the running account can have written. */
function readOwn(path: string): string {
  // Non-blocking: a named pipe in the file's place must not hold the server up.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(fd);
    checkOwner(found, path);
    const bytes = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, null);
    if (length > mostBytes) throw new ConfigurationError(`${path} is larger than ${mostBytes} bytes`);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
    } catch {
      throw new ConfigurationError(`${path} is not UTF-8 text`);
    }
  } finally {
    closeSync(fd);
  }
}

function checkOwner(found: Stats, path: string): void {
  if (!found.isFile()) throw new ConfigurationError(`${path} is not a regular file`);
  const uid = process.geteuid?.();
  if (uid === undefined) return;
  if (found.uid !== 0 && found.uid !== uid)
    throw new ConfigurationError(`${path} belongs to user id ${found.uid}; run: chown root ${path}`);
  if ((found.mode & 0o022) !== 0)
    throw new ConfigurationError(`${path} is writable by others; run: chmod go-w ${path}`);
}
