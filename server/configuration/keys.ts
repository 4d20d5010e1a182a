// What may be configured, once: where each key stands in server.toml, which variable and option say the same, what it may
// be, and what it is when nobody says. docs/man/nightlatch-server.toml.5 tells it to people.

import * as v from "valibot";
import { parseListenAddress } from "../listen/address.ts";
import { isAddressRange } from "../listen/client-address.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const longestText = 4_096;

/** One key. `read` makes of a variable's or an option's text what a file would hold; undefined for a text that is none. */
interface Key {
  readonly path: readonly string[];
  readonly variable: string;
  readonly option: string;
  readonly schema: v.GenericSchema<unknown, unknown>;
  readonly read: (text: string) => unknown;
  readonly whenUnset: unknown;
  /** How `config show` writes a value that holds a secret. */
  readonly redact?: (value: string) => string;
}

const asText = (text: string): unknown => text;
const asNumber = (text: string): unknown => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

const asList = (text: string): unknown => text.split(",").map((each) => each.trim());

function text(sentence: string, fits: (text: string) => boolean) {
  return v.pipe(
    v.string(sentence),
    v.check((given) => given.length <= longestText && !given.includes("\0") && fits(given), sentence),
  );
}

function file(what: string) {
  return text(`must be the path of ${what}`, (given) => given !== "");
}

function number(least: number, most: number) {
  const sentence = `must be a whole number from ${least} to ${most}`;
  return v.pipe(
    v.number(sentence),
    v.check((given) => Number.isInteger(given) && given >= least && given <= most, sentence),
  );
}

function address(example: string) {
  return text(`must be ADDRESS:PORT, as in ${example}`, (given) => parseListenAddress(given).ok);
}

const rangesSentence = 'must be a list of addresses or ranges, as in ["10.0.0.7", "fd00::/8"]';
const ranges = v.pipe(
  v.array(v.pipe(v.string(rangesSentence), v.check(isAddressRange, rangesSentence)), rangesSentence),
  v.maxLength(64, rangesSentence),
);

export const keys = {
  data: {
    path: ["data"],
    variable: "NIGHTLATCH_DATA",
    option: "--data",
    schema: file("the server's folder"),
    read: asText,
    whenUnset: undefined,
  },
  database: {
    path: ["database"],
    variable: "NIGHTLATCH_DATABASE",
    option: "--database",
    schema: text("must be postgres://USER@HOST:PORT/DATABASE", (given) => /^postgres(ql)?:\/\//.test(given)),
    read: asText,
    whenUnset: undefined,
    redact: (value) =>
      value.replace(/^([^:]+:\/\/[^:@/]*):[^@]*@/, "$1:…@").replace(/\bpassword=[^&]*/g, "password=…"),
  },
  listen: {
    path: ["listen", "address"],
    variable: "NIGHTLATCH_LISTEN",
    option: "--listen",
    schema: address("0.0.0.0:8443 or [::]:8443"),
    read: asText,
    whenUnset: "127.0.0.1:8443",
  },
  tlsCert: {
    path: ["listen", "tls_cert"],
    variable: "NIGHTLATCH_TLS_CERT",
    option: "--tls-cert",
    schema: file("a certificate chain in PEM"),
    read: asText,
    whenUnset: undefined,
  },
  tlsKey: {
    path: ["listen", "tls_key"],
    variable: "NIGHTLATCH_TLS_KEY",
    option: "--tls-key",
    schema: file("a private key in PEM"),
    read: asText,
    whenUnset: undefined,
  },
  trustedProxies: {
    path: ["listen", "trusted_proxies"],
    variable: "NIGHTLATCH_TRUSTED_PROXIES",
    option: "--trusted-proxies",
    schema: ranges,
    read: asList,
    whenUnset: [],
  },
  requestsPerMinute: {
    path: ["listen", "requests_per_minute"],
    variable: "NIGHTLATCH_REQUESTS_PER_MINUTE",
    option: "--requests-per-minute",
    schema: number(0, 1_000_000),
    read: asNumber,
    whenUnset: 1_200,
  },
  metrics: {
    path: ["metrics", "address"],
    variable: "NIGHTLATCH_METRICS",
    option: "--metrics",
    schema: address("127.0.0.1:9464"),
    read: asText,
    whenUnset: undefined,
  },
  webAddress: {
    path: ["web", "address"],
    variable: "NIGHTLATCH_WEB_ADDRESS",
    option: "--web-address",
    schema: text(
      "must be https://HOST or https://HOST:PORT",
      (given) => /^https:\/\/[^/?#@\s]+$/.test(given) && URL.canParse(given),
    ),
    read: asText,
    whenUnset: undefined,
  },
  syncMinutes: {
    path: ["machines", "sync_minutes"],
    variable: "NIGHTLATCH_SYNC_MINUTES",
    option: "--sync-minutes",
    schema: number(1, 10_080),
    read: asNumber,
    whenUnset: 60,
  },
  logLevel: {
    path: ["log", "level"],
    variable: "NIGHTLATCH_LOG_LEVEL",
    option: "--log-level",
    schema: v.picklist(logLevels, `must be one of ${logLevels.join(", ")}`),
    read: asText,
    whenUnset: "info",
  },
} as const satisfies Record<string, Key>;

export type KeyName = keyof typeof keys;
export const keyNames = Object.keys(keys) as KeyName[];

export type Configuration = {
  readonly [N in KeyName]:
    | Readonly<v.InferOutput<(typeof keys)[N]["schema"]>>
    | ((typeof keys)[N]["whenUnset"] extends undefined ? undefined : never);
};

/** As the rest of the program looks at one: the narrow types of the table say more than a loop can use. */
export function keyOf(name: KeyName): Key {
  return keys[name];
}
