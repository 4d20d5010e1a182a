// A TPM 2.0 in software, as the protectors' own tests use it.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Running } from "../../scripts/parts/program.ts";
import { newFolder } from "./work-folder.ts";

export async function softwareTpm(): Promise<{ readonly tpm: Running; readonly socket: string }> {
  const folder = newFolder(0o700);
  const socket = join(folder, "tpm.sock");
  const at = ["--tpmstate", `dir=${folder}`, "--server", `type=unixio,path=${socket}`];
  const control = ["--ctrl", `type=unixio,path=${socket}.ctrl`];
  const flags = ["--flags", "not-need-init,startup-clear"];
  const tpm = new Running(["swtpm", "socket", "--tpm2", ...at, ...control, ...flags]);
  for (let tries = 0; tries < 100 && !existsSync(socket); tries++) await sleep(20);
  return { tpm, socket };
}
