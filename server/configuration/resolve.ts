// Command line over environment over file over default, key by key, each checked by the same schema.

import { existsSync } from "node:fs";
import * as v from "valibot";
import { closest } from "../../toml/closest.ts";
import { ConfigurationError } from "./failure.ts";
import { type Given, readConfigurationFile } from "./file.ts";
import { type Configuration, type KeyName, keyNames, keyOf, keys } from "./keys.ts";

export type Origin = "command line" | "environment" | "file" | "default";

export interface Resolved {
  readonly configuration: Configuration;
  readonly from: Readonly<Record<KeyName, Origin>>;
  /** Undefined when no file was read. */
  readonly file: string | undefined;
}

export interface Said {
  /** As given at the command line, as text; undefined for what was not. */
  readonly options: Readonly<Partial<Record<KeyName, string | undefined>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--config`. */
  readonly file: string | undefined;
  /** Read when neither a file nor a folder is named: two servers must not be mixed into one. Undefined: none. */
  readonly defaultFile: string | undefined;
}

/** A value at the command line that can't be meant. */
export class OptionError extends Error {}

/** @throws ConfigurationError, OptionError */
export function resolveConfiguration(said: Said): Resolved {
  const file = fileOf(said);
  const sources: readonly (readonly [Origin, Given])[] = [
    ["command line", fromOptions(said.options)],
    ["environment", fromEnvironment(said.environment)],
    ["file", file === undefined ? new Map() : readConfigurationFile(file)],
  ];
  const values: Partial<Record<KeyName, unknown>> = {};
  const from: Partial<Record<KeyName, Origin>> = {};
  for (const name of keyNames) {
    const [origin, given] = sources.find(([, source]) => source.has(name)) ?? ["default", undefined];
    values[name] = given === undefined ? keyOf(name).whenUnset : given.get(name);
    from[name] = origin;
  }
  if ((values.tlsCert === undefined) !== (values.tlsKey === undefined)) {
    const typed = from.tlsCert === "command line" || from.tlsKey === "command line";
    throw typed
      ? new OptionError("--tls-cert and --tls-key go together")
      : new ConfigurationError("`listen.tls_cert` and `listen.tls_key` go together");
  }
  if (from.database === "command line" && hasPassword(String(values.database)))
    throw new OptionError(
      "--database: a password at the command line can be read by others; put the URL into NIGHTLATCH_DATABASE or `database` of the file, or the password into ~/.pgpass",
    );
  // Each value has passed its own schema, or is the table's own.
  return { configuration: values as Configuration, from: from as Record<KeyName, Origin>, file };
}

function hasPassword(url: string): boolean {
  return /^[^:]+:\/\/[^@/]*:[^@/]*@|[?&]password=/.test(url);
}

function fileOf({ file, environment, options, defaultFile }: Said): string | undefined {
  const named = file ?? nonEmpty(environment["NIGHTLATCH_CONFIG"]);
  if (named !== undefined) return named;
  const folderNamed = options.data !== undefined || nonEmpty(environment["NIGHTLATCH_DATA"]) !== undefined;
  return defaultFile !== undefined && !folderNamed && existsSync(defaultFile) ? defaultFile : undefined;
}

function fromOptions(options: Said["options"]): Given {
  const given = new Map<KeyName, unknown>();
  for (const name of keyNames) {
    const text = options[name];
    if (text === undefined) continue;
    const checked = v.safeParse(keyOf(name).schema, keyOf(name).read(text));
    if (!checked.success) throw new OptionError(`${keyOf(name).option} ${checked.issues[0].message}`);
    given.set(name, checked.output);
  }
  return given;
}

/** An empty variable is none, as service managers and shells leave them. */
function fromEnvironment(environment: Said["environment"]): Given {
  const given = new Map<KeyName, unknown>();
  const faults: string[] = [];
  const known = ["NIGHTLATCH_CONFIG", ...keyNames.map((name) => keys[name].variable)];
  for (const name of keyNames) {
    const { variable, schema, read } = keyOf(name);
    const text = nonEmpty(environment[variable]);
    if (text === undefined) continue;
    const checked = v.safeParse(schema, read(text));
    if (checked.success) given.set(name, checked.output);
    else faults.push(`the environment variable ${variable} ${checked.issues[0].message}`);
  }
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith("NIGHTLATCH_") || known.includes(variable)) continue;
    // Variables of other programs pass, those of the agent's command line among them.
    const meant = closest(
      variable,
      known.map((each) => each.toLowerCase()),
    );
    if (meant !== undefined)
      faults.push(`unknown environment variable ${variable}; did you mean ${meant.toUpperCase()}?`);
  }
  if (faults.length > 0) throw new ConfigurationError(faults.join("\n"));
  return given;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
