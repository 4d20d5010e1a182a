// What may stand in nightlatchd.toml: names, values, defaults. docs/man/nightlatchd.toml.5 tells it to people.

import * as v from "valibot";
import { parseUserName } from "../../words/user-name.ts";
import { levels } from "../log/log.ts";
import { protectorNames } from "../state/protector.ts";
import { headers } from "./headers.ts";
import { proxyUrl, serverUrl } from "./urls.ts";

const longestPath = 4_096;
/** sun_path of Linux with its NUL. */
const longestSocketPath = 107;

function text(sentence: string, fits: (text: string) => boolean) {
  return v.pipe(v.string(sentence), v.check(fits, sentence));
}

function path(maxBytes: number) {
  return text(`must be an absolute path without "." or "..", at most ${maxBytes} bytes`, (given) =>
    isPath(given, maxBytes),
  );
}

function isPath(given: string, maxBytes: number): boolean {
  return (
    /^(\/[^/\0]+)+$/.test(given) &&
    !/\/\.{1,2}(\/|$)/.test(given) &&
    Buffer.byteLength(given, "utf8") <= maxBytes
  );
}

function oneOf<const Options extends readonly string[]>(options: Options) {
  return v.picklist(options, `must be ${options.map((option) => `"${option}"`).join(" or ")}`);
}

const wholeTimeout = "must be a whole number of milliseconds from 200 to 10000";
const tpmDeviceSentence =
  'must be the absolute path of a device such as "/dev/tpmrm0", or "swtpm:" and that of a socket';

const socketTable = v.object({
  dialogue: v.optional(path(longestSocketPath), "/run/nightlatch/dialogue.sock"),
  admin: v.optional(path(longestSocketPath), "/run/nightlatch/admin.sock"),
  admin_group: v.optional(
    text("must be the name of a group", (name) => /^[^\p{C}\s:,/]{1,256}$/u.test(name)),
  ),
});

const serverTable = v.object({
  url: v.optional(serverUrl),
  development: v.optional(v.boolean("must be true or false"), false),
  ca_file: v.optional(path(longestPath)),
  timeout_ms: v.optional(
    v.pipe(
      v.number(wholeTimeout),
      v.check((ms) => Number.isInteger(ms) && ms >= 200 && ms <= 10_000, wholeTimeout),
    ),
    2_000,
  ),
  proxy: v.optional(proxyUrl),
  header: v.optional(headers, {}),
});

const machineTable = v.object({
  mode: v.optional(oneOf(["offline", "online"]), "offline"),
  mfa: v.optional(oneOf(["enabled", "disabled"]), "enabled"),
  protector: v.optional(oneOf(["auto", ...protectorNames]), "auto"),
  tpm_device: v.optional(
    text(tpmDeviceSentence, (given) =>
      given.startsWith("swtpm:")
        ? isPath(given.slice("swtpm:".length), longestSocketPath)
        : isPath(given, longestPath),
    ),
    "/dev/tpmrm0",
  ),
  username_suffix: v.optional(
    text(
      'must be what follows a local name at the server, as in "@corp.example"',
      (suffix) =>
        suffix === "" || (Buffer.byteLength(suffix, "utf8") <= 128 && parseUserName(`a${suffix}`).ok),
    ),
    "",
  ),
});

const logTable = v.object({
  level: v.optional(oneOf(levels), "info"),
  format: v.optional(oneOf(["json", "text"]), "text"),
});

/** Unknown keys are not this schema's matter: `unknownKeys` finds them by its entries. */
export const fileSchema = v.object(
  {
    state_dir: v.optional(path(longestPath), "/var/lib/nightlatch"),
    socket: v.optional(v.object(socketTable.entries, "must be a table"), {}),
    server: v.optional(v.object(serverTable.entries, "must be a table"), {}),
    machine: v.optional(v.object(machineTable.entries, "must be a table"), {}),
    log: v.optional(v.object(logTable.entries, "must be a table"), {}),
  },
  "must be a table",
);

export type ConfigFile = v.InferOutput<typeof fileSchema>;
