// Which programs are attacked: the packaged executables if they were built from what lies here now, else the source.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/parts/program.ts";

const sources = ["words", "otp", "platform", "protocol", "agent", "server"];

function newest(folder: string): number {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

function packagedAndFresh(): boolean {
  const built = ["nightlatchd", "nightlatch-server"].map((name) => join(root, "dist", name));
  if (!built.every((path) => existsSync(path))) return false;
  const oldest = Math.min(...built.map((path) => statSync(path).mtimeMs));
  return sources.every((folder) => newest(join(root, folder)) < oldest);
}

const packaged = packagedAndFresh();

export const programs = packaged
  ? {
      what: "the packaged executables in dist/",
      agent: join(root, "dist/nightlatchd"),
      server: join(root, "dist/nightlatch-server"),
    }
  : {
      what: "the programs from source (dist/ is not built, or older than the source)",
      agent: join(root, "scripts/nightlatchd"),
      server: join(root, "scripts/nightlatch-server"),
    };
