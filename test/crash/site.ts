// One place where crashes happen one after the other: a machine, a server when one is needed, and how both are put back.

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Running, root } from "../../scripts/parts/program.ts";
import { framesToCheckpoint, Machine } from "./machine.ts";
import type { Operation } from "./operation.ts";
import type { Template } from "./template.ts";

/** How much of SQLite's log there is when an operation begins: a commit costs other writes in each case. */
export const logs = ["short", "full", "anew"] as const;
/**
 * `short`: it grows by the commit. `full`: the commit fills it, and is followed by a checkpoint into the database.
 * `anew`: after a checkpoint, so that the commit overwrites its beginning.
 */
export type Log = (typeof logs)[number];

export class Site {
  readonly template: Template;
  readonly machine: Machine;
  readonly #data: string;
  readonly #strangersToCheckpoint = new Map<Operation, number>();
  #server: Running | undefined;

  /** `state`: where the state folder is, when not in a folder of this name. */
  constructor(template: Template, name: string, state?: string) {
    this.template = template;
    const folder = join(template.folder, name);
    this.machine = new Machine(folder, template, state);
    this.#data = join(folder, "server");
  }

  /** The machine's state and, if the operation needs one, a running server, as they were in the beginning. */
  async restore(operation: Operation, log: Log = "short"): Promise<void> {
    await this.machine.kill();
    const { template } = this;
    this.machine.restore(operation.bare ? undefined : log === "short" ? template.joined : template.longLog);
    if (operation.online) await this.restoreServer(operation);
  }

  async restoreServer(operation: Operation, from?: string): Promise<void> {
    await this.stopServer();
    rmSync(this.#data, { recursive: true, force: true });
    const { server = "template" } = operation;
    cpSync(from ?? this.template.servers[server], this.#data, { recursive: true });
    const listen = new URL(this.template.url).host;
    const program = join(root, "dist/nightlatch-server");
    this.#server = new Running([
      program,
      "--data",
      this.#data,
      "serve",
      "--init",
      "--listen",
      listen,
      "--dev-ca",
    ]);
    await this.#server.says(/https:\/\//);
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop("SIGKILL");
    this.#server = undefined;
  }

  /** The server as it is now, after a kill -9. */
  async keepServer(): Promise<string> {
    await this.stopServer();
    const kept = `${this.#data}-kept`;
    rmSync(kept, { recursive: true, force: true });
    cpSync(this.#data, kept, { recursive: true });
    return kept;
  }

  /** The agent is up, has said all it says by itself, and the log is as wished. */
  async ready(operation: Operation, log: Log = "short"): Promise<void> {
    const { machine } = this;
    // Where the first contact brings the operation about, it is left to it.
    const online = operation.online === true && operation.server === undefined;
    await machine.start({ online });
    if (operation.bare) return;
    // Somebody who begins and goes away: the agent looks for the server, and notes what it finds.
    await machine.signIn("bob");
    await machine.says(online ? /is reachable/ : /is unreachable/);
    await operation.prepare?.(this);
    if (log !== "short") await this.#fillLog(operation, log);
  }

  /**
   * With strangers' sign-ins, which are refused and noted. How many it takes to the checkpoint is found out the first
   * time; `full` then stops one short of it.
   */
  async #fillLog(operation: Operation, log: "full" | "anew"): Promise<void> {
    const { machine } = this;
    const known = this.#strangersToCheckpoint.get(operation);
    const most = log === "full" && known !== undefined ? known - 1 : Number.POSITIVE_INFINITY;
    let strangers = 0;
    while (strangers < most && machine.logFrames < framesToCheckpoint) {
      await machine.signIn("nobody");
      strangers += 1;
    }
    if (known === undefined) this.#strangersToCheckpoint.set(operation, strangers);
  }

  async leave(): Promise<void> {
    await this.machine.kill();
    await this.stopServer();
    this.machine.faults.close();
  }
}
