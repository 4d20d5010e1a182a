// Which protector holds the machine's secret. One that is there decides; without one it is the best that this machine
// has, or the one the configuration names. Nothing weaker ever stands in for what was asked for.

import { join } from "node:path";
import type { Libc } from "../../platform/libc.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { ProtectorUnusable, StateDamaged } from "../state/failures.ts";
import { type Protector, type ProtectorName, protectorNames } from "../state/protector.ts";
import { fileProtector } from "./file-protector.ts";
import { isThere } from "./sealed-file.ts";
import { systemdCredsProtector } from "./systemd-creds-protector.ts";
import { tpm2Protector } from "./tpm2-protector.ts";

export interface ProtectorChoice {
  readonly wanted: "auto" | ProtectorName;
  /** The state folder. */
  readonly folder: string;
  /** A device file, or `swtpm:` and the path of a Unix socket. */
  readonly tpmDevice: string;
  readonly libc: Libc;
  readonly clock: Clock;
  readonly random: Random;
}

interface Candidate extends Protector {
  /** Why not; undefined when it will do. Tries it, which may take seconds on a slow TPM. */
  unavailable(): string | undefined;
}

/**
 * Where a secret is there, nothing is tried out, so that the agent is ready at once. `auto` looks again at each
 * `create`. `load` throws StateDamaged, and `create` follows the configuration, where what is there is not what is asked
 * for; `erase` erases all there is, whatever fails on the way. @throws Error with a sentence when what is asked for can't be used.
 */
export function chooseProtector({
  wanted,
  folder,
  tpmDevice: device,
  libc,
  clock,
  random,
}: ProtectorChoice): Protector {
  const paths = {
    tpm2: join(folder, "machine.tpm2"),
    "systemd-creds": join(folder, "machine.cred"),
    file: join(folder, "machine.key"),
  };
  const candidates: Readonly<Record<ProtectorName, Candidate>> = {
    tpm2: tpm2Protector({ path: paths.tpm2, device, libc, clock, random }),
    "systemd-creds": systemdCredsProtector({ path: paths["systemd-creds"] }),
    file: { ...fileProtector(paths.file), unavailable: () => undefined },
  };
  const there = () => protectorNames.filter((name) => isThere(paths[name]));
  let name = atStart();

  function atStart(): ProtectorName {
    const [only, ...more] = there();
    if (only !== undefined && more.length === 0 && (wanted === "auto" || wanted === only)) return only;
    return available();
  }

  /** The protector's names stand in order, the best first; the last can always be used. */
  function available(): ProtectorName {
    if (wanted === "auto")
      return protectorNames.find((name) => candidates[name].unavailable() === undefined) ?? "file";
    const why = candidates[wanted].unavailable();
    if (why !== undefined)
      throw new ProtectorUnusable(
        `[machine] protector = "${wanted}" can't be used here: ${why}; see nightlatchd.toml(5)`,
      );
    return wanted;
  }

  return {
    get name() {
      return name;
    },
    get defends() {
      return candidates[name].defends;
    },
    get counter() {
      return candidates[name].counter;
    },
    load() {
      const [found, ...more] = there();
      if (more.length > 0)
        throw new StateDamaged(`there are secrets of several protectors (${there().join(", ")}): join again`);
      if (found !== undefined && wanted !== "auto" && found !== wanted)
        throw new StateDamaged(
          `the secret is sealed by "${found}", but [machine] protector is "${wanted}": set it back, or to "auto", and change it with: nightlatch protector ${wanted}`,
        );
      name = found ?? name;
      return candidates[name].load();
    },
    create(secret) {
      if (there().length > 0) throw new Error("there is a machine secret already");
      name = available();
      candidates[name].create(secret);
    },
    erase() {
      const failures: unknown[] = [];
      for (const one of protectorNames) {
        try {
          candidates[one].erase();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
