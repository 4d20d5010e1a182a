// A Podman of the tests' own: its storage, its networks and its settings lie in one folder; nothing of the machine's is
// read or changed.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Ran, type RunOptions, Running, run } from "../../scripts/parts/program.ts";

/** Limits that anybody may set: Podman's own are higher than some machines allow. */
const settings = (folder: string): string => `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"

[network]
network_config_dir = ${JSON.stringify(join(folder, "networks"))}
`;

const storage = (folder: string, driver: string): string => `[storage]
driver = ${JSON.stringify(driver)}
graphroot = ${JSON.stringify(join(folder, "storage"))}
runroot = ${JSON.stringify(join(folder, "run"))}
`;

export class Podman {
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.folder = folder;
    this.#environment = {
      ...process.env,
      CONTAINERS_CONF: join(folder, "containers.conf"),
      CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    };
  }

  /** With nothing in it, on the file systems of the kernel where they can be laid one over the other. */
  static async empty(folder: string): Promise<Podman> {
    mkdirSync(join(folder, "networks"));
    writeFileSync(join(folder, "containers.conf"), settings(folder));
    const podman = new Podman(folder);
    for (const driver of ["overlay", "vfs"]) {
      writeFileSync(join(folder, "storage.conf"), storage(folder, driver));
      if ((await podman.run(["info"])).status === 0) return podman;
    }
    throw new Error("podman has no place for images");
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const env = { ...this.#environment, ...options.env };
    return run(["podman", ...args], { withinMs: 60_000, ...options, env });
  }

  async succeed(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const ran = await this.run(args, options);
    if (ran.status !== 0)
      throw new Error(`podman ${args.join(" ")} ended with ${ran.status}:\n${ran.err}${ran.out}`);
    return ran.out;
  }

  async inspect<T>(what: string, of: string): Promise<T> {
    return JSON.parse(await this.succeed(["inspect", "--format", `{{json ${what}}}`, of])) as T;
  }

  /** Kept in the foreground, as a service manager would keep it. */
  start(args: readonly string[]): Running {
    return new Running(["podman", ...args], this.#environment);
  }

  /** Everything ends, and nothing stays mounted. */
  async end(): Promise<void> {
    await this.run(["rm", "--all", "--force", "--time=0"]);
    await this.run(["image", "unmount", "--all"]);
  }
}
