// The composition root of the server and its command line: the real clock, randomness, log and terminal are built here
// and handed down.

import { destination, type Logger, pino } from "pino";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import { runCommand } from "./cli/program.ts";

// Whatever is created, others have no part in it.
process.umask(0o077);

void runCommand(process.argv.slice(2), {
  terminal: {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    outIsTerminal: process.stdout.isTTY === true,
  },
  clock: systemClock,
  random: systemRandom,
  dataFromEnvironment: process.env["NIGHTLATCH_DATA"],
  makeLog: (level): Logger => pino({ level, base: {} }, destination({ fd: 2, sync: true })),
  askedToEnd: () =>
    new Promise((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    }),
}).then((code) => {
  process.exitCode = code;
});
