// switching.ts FOLDER DEVICE PROTECTOR LIVES: new keys for the state in the folder, by this protector, in a process that
// kills itself with -9 before it has read the answer to that many of the TPM's messages. Ends with 0 when it was done before.

import { chooseProtector } from "../../agent/platform/choose-protector.ts";
import { StateKeeper } from "../../agent/state/keeper.ts";
import type { ProtectorName } from "../../agent/state/protector.ts";
import type { Libc } from "../../platform/libc.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { clock, libc, random } from "./ports.ts";

const [folder = "", device = "", protector = "", lives = ""] = process.argv.slice(2);
let left = Number(lives);
const dying: Libc = {
  ...libc,
  readable(fd, withinMs) {
    const there = libc.readable(fd, withinMs);
    // An answer comes in two parts, header and body.
    left -= 0.5;
    if (left <= 0) process.kill(process.pid, "SIGKILL");
    return there;
  },
};

await loadSodium();
const keeper = new StateKeeper(
  folder,
  (at, wanted) =>
    chooseProtector({
      wanted: wanted === "configured" ? "auto" : wanted,
      folder: at,
      tpmDevice: device,
      libc: dying,
      clock,
      random,
    }),
  random,
);
const standings = keeper.store().standings().readable;
keeper.switchTo({
  machine: keeper.newMachine(),
  protector: protector as ProtectorName,
  recoveryKey: random.bytes(32),
  standings,
});
keeper.close();
