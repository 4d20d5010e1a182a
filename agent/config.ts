// File -> checked Config: the first thing the agent does. Anything doubtful is a fault, never a default.

import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { type Fault, sentences, unknownKeys, wrongValues } from "../toml/faults.ts";
import { type Parsed, parsed, unparsed } from "../words/parsed.ts";
import type { ExtraHeaders } from "./config/headers.ts";
import { readTrustedFile } from "./config/read-file.ts";
import { type ConfigFile, fileSchema } from "./config/schema.ts";
import { allowsHttp } from "./config/urls.ts";
import type { Level } from "./log/log.ts";
import type { ProtectorName } from "./state/protector.ts";

export const defaultConfigPath = "/etc/nightlatch/nightlatchd.toml";

export interface Config {
  readonly stateDir: string;
  readonly socket: {
    readonly dialogue: string;
    readonly admin: string;
    readonly adminGroup: string | undefined;
  };
  readonly server: {
    /** Without a slash at its end. Undefined: not joined by the file; a join may have stored one. */
    readonly url: string | undefined;
    readonly development: boolean;
    readonly caFile: string | undefined;
    readonly timeoutMs: number;
    /** The origin of an HTTP proxy. */
    readonly proxy: string | undefined;
    readonly headers: ExtraHeaders;
  };
  readonly machine: {
    readonly mode: "offline" | "online";
    readonly mfa: "enabled" | "disabled";
    readonly protector: "auto" | ProtectorName;
    /** A device file, or `swtpm:` and the path of a Unix socket. */
    readonly tpmDevice: string;
    readonly usernameSuffix: string;
  };
  readonly log: { readonly level: Level; readonly format: "json" | "text" };
}

/** Every fault is one line of the error. `uid` is the account that may own the file besides root: the running one. */
export function readConfig(path: string, uid: number): Parsed<Config> {
  const text = readTrustedFile(path, uid);
  return text.ok ? parseConfig(text.value, path) : unparsed(`the configuration can't be used: ${text.error}`);
}

/** `file` is how the faults name the text. */
export function parseConfig(text: string, file: string): Parsed<Config> {
  let table: object;
  try {
    table = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [said = "not TOML"] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    return unparsed(`syntax error at ${file}:${error.line}:${error.column}: ${said}`);
  }
  const checked = v.safeParse(fileSchema, table);
  const faults: Fault[] = unknownKeys(fileSchema.entries, table);
  if (!checked.success) faults.push(...wrongValues(checked.issues));
  else faults.push(...contradictions(checked.output));
  return checked.success && faults.length === 0
    ? parsed(toConfig(checked.output))
    : unparsed(sentences(faults, text, { file, manual: "nightlatchd.toml(5)" }));
}

function contradictions({ server, socket }: ConfigFile): Fault[] {
  const faults: Fault[] = [];
  if (server.url !== undefined && !allowsHttp(server.url, server.development))
    faults.push({
      path: ["server", "url"],
      sentence:
        "must begin with https://; http:// is for a server on this machine, with `development = true`",
    });
  if (socket.admin === socket.dialogue)
    faults.push({ path: ["socket", "admin"], sentence: "must be another path than `socket.dialogue`" });
  return faults;
}

function toConfig({ state_dir, socket, server, machine, log }: ConfigFile): Config {
  return {
    stateDir: state_dir,
    socket: { dialogue: socket.dialogue, admin: socket.admin, adminGroup: socket.admin_group },
    server: {
      url: server.url,
      development: server.development,
      caFile: server.ca_file,
      timeoutMs: server.timeout_ms,
      proxy: server.proxy,
      headers: server.header,
    },
    machine: {
      mode: machine.mode,
      mfa: machine.mfa,
      protector: machine.protector,
      tpmDevice: machine.tpm_device,
      usernameSuffix: machine.username_suffix,
    },
    log,
  };
}
