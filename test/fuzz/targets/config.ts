// nightlatchd.toml: every text is a configuration or a list of faults with their places.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parseConfig } from "../../../agent/config.ts";
import { canary, expectSame, expectSentence, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const file = "/etc/nightlatch/nightlatchd.toml";

/** One of everything; a value stands where a gateway's password would. */
const whole = `state_dir = "/var/lib/nightlatch"
[socket]
dialogue = "/run/nightlatch/dialogue.sock"
admin = "/run/nightlatch/admin.sock"
admin_group = "adm"
[server]
url = "https://mfa.corp.example/"
development = false
ca_file = "/etc/ssl/corp.pem"
timeout_ms = 2000
proxy = "http://proxy.corp.example:3128"
header = { "X-Gateway" = "${canary}" }
[machine]
mode = "offline"
mfa = "enabled"
protector = "auto"
tpm_device = "/dev/tpmrm0"
username_suffix = "@corp.example"
[log]
level = "info"
format = "json"
`;
const words = [
  ...whole.split(/\n|(?<== )/).filter((word) => word !== ""),
  ...[
    '"""',
    "'''",
    "[[",
    "]]",
    "\\u0000",
    "\\U0010FFFF",
    "inf",
    "nan",
    "0x1F",
    "1979-05-27T07:32:00Z",
    "{",
    "}",
    ",",
  ],
  ...[
    "__proto__",
    "constructor",
    "a.b.c",
    "=",
    "#",
    "\r\n",
    `"${canary}"`,
    "-0",
    "1_000",
    "[server.header]",
    "é",
  ],
];

function textOf(bytes: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    return undefined;
  }
}

const manual = readFileSync(join(import.meta.dirname, "../../../docs/man/nightlatchd.toml.5"), "latin1");

export const config = target<string>({
  name: "config",
  what: "the agent's configuration",
  inputs: fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: "binary", maxLength: 12 })), {
      maxLength: 30,
    })
    .map((parts) => Buffer.from(parts.join("\n"), "utf8").toString("latin1")),
  grows: { seeds: [whole, manual.slice(0, 2_000)], words, mostWork: (bytes) => 100_000 + 4_000 * bytes },
  open: async () => ({
    try(bytes) {
      const text = textOf(bytes);
      if (text === undefined) return;
      const config = parseConfig(text, file);
      if (!config.ok) {
        for (const sentence of config.error.split("\n")) {
          expectSentence(sentence, 30_000);
          const place = sentence.match(/nightlatchd\.toml:(\d+):(\d+)/);
          const line = Number(place?.[1]);
          expectThat(
            line >= 1 && line <= text.split("\n").length,
            `no place in the file: ${sentence.slice(0, 200)}`,
          );
        }
        // A key may be repeated, a value never.
        const asValue =
          new RegExp(`=\\s*["']${canary}["']\\s*(\\n|$)`).test(text) && text.split(canary).length === 2;
        if (asValue)
          expectThat(
            !config.error.includes(canary),
            `an error repeats a value: ${config.error.slice(0, 300)}`,
          );
        return;
      }
      expectSame(parseConfig(text, file), config, "read twice, two configurations");
      expectThat(
        !JSON.stringify(config.value.server.headers).includes(canary),
        "a header's value can be printed",
      );
      expectThat(config.value.socket.admin !== config.value.socket.dialogue, "one socket for two things");
    },
  }),
});
