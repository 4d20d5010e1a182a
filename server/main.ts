// The composition root of the server and its command line: the real clock, randomness, log and terminal are built here
// and handed down.

import { userInfo } from "node:os";
import { destination, type Logger, pino } from "pino";
import { serverClock } from "../platform/clock.ts";
import { loadLibc } from "../platform/libc.ts";
import { type ServiceManager, serviceManager } from "../platform/notify.ts";
import { systemRandom } from "../platform/random.ts";
import { askSecret } from "./cli/ask-secret.ts";
import { defaultConfigFile, runCommand } from "./cli/program.ts";

// Whatever is created, others have no part in it.
process.umask(0o077);

// Whoever reads may stop: `| head`. What a command does it still does; only a command that goes on for that reader ends.
const outClosed = new Promise<void>((resolve) => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    resolve();
  });
});

const endings = ["SIGTERM", "SIGINT"] as const;
const cutShort = (_: NodeJS.Signals, number: number) => process.exit(128 + number);
// What cuts a command short elsewhere, the kernel keeps from process 1 of a container unless somebody listens.
if (process.pid === 1) for (const signal of endings) process.on(signal, cutShort);

void runCommand(process.argv.slice(2), {
  terminal: {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    outIsTerminal: process.stdout.isTTY === true,
    outClosed: () => outClosed,
    askSecret,
  },
  clock: serverClock,
  random: systemRandom,
  operator: operator(),
  environment: process.env,
  defaultConfigFile,
  makeLog: (level): Logger => pino({ level, base: {} }, destination({ fd: 2, sync: true })),
  service: process.env["NOTIFY_SOCKET"] === undefined ? undefined : theService(),
  onHangUp: (reload) => void process.on("SIGHUP", reload),
  askedToEnd: () =>
    new Promise((resolve) => {
      for (const signal of endings) {
        process.off(signal, cutShort);
        process.once(signal, () => resolve());
      }
    }),
}).then((code) => {
  process.exitCode = code;
});

/** The library is loaded only where systemd listens: the command line starts as quickly as without. */
function theService(): ServiceManager {
  return serviceManager(process.env, process.pid, loadLibc(), serverClock);
}

/** By the system's word; under sudo, also by sudo's, which root could have set to anything. */
function operator(): string {
  const uid = String(process.getuid?.() ?? "?");
  const behind = uid === "0" ? process.env["SUDO_USER"] : undefined;
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    // An account that the system has no name for.
    name = `uid ${uid}`;
  }
  return behind === undefined ? name : `${name} for ${behind}`;
}
