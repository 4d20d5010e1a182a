// The command line's composition root.

import { systemClock } from "../../platform/clock.ts";
import { loadLibc } from "../../platform/libc.ts";
import { systemAccounts } from "../platform/accounts.ts";
import { systemPeers } from "../platform/peer-credentials.ts";
import { runCommand } from "./program.ts";

const accounts = systemAccounts(systemClock);

void runCommand(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  uid: process.geteuid?.() ?? -1,
  clock: systemClock,
  accounts,
  peers: systemPeers(loadLibc(), (uid) => accounts.nameOf(uid)),
}).then((exit) => {
  process.exitCode = exit;
  // A prompt that was given up, or input that nobody reads any more, must not keep the program.
  process.stdin.unref?.();
});
