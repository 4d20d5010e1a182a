// What the agent has chosen for itself and keeps, by `conf`: nothing secret, nothing that a verdict depends on. A file
// that doesn't read is begun anew: losing it costs nothing.

import * as v from "valibot";
import type { Random } from "../../words/random.ts";

export interface Settings {
  /** 0 to 1: this machine's place in its fleet's sync interval, chosen once, so that not all ask at the same moment. */
  readonly syncSpread: number;
}

const spread = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

/** `folder/settings.json`, mode 0600. Loaded when it is needed first: it is no part of what a sign-in waits for. */
export async function loadSettings(folder: string, random: Random): Promise<Settings> {
  const { default: Conf } = await import("conf");
  const file = new Conf<Record<string, unknown>>({
    cwd: folder,
    configName: "settings",
    projectName: "nightlatchd",
    configFileMode: 0o600,
    clearInvalidConfig: true,
  });
  const kept = v.safeParse(spread, file.get("syncSpread"));
  if (kept.success) return { syncSpread: kept.output };
  const [byte = 0] = random.bytes(1);
  const syncSpread = byte / 255;
  file.set("syncSpread", syncSpread);
  return { syncSpread };
}
