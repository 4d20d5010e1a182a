// Where the demo happens: a temporary folder with a server, an agent and a PAM service for the module alone.

import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Agent } from "../parts/agent.ts";
import { nightlatchStack, writeService } from "../parts/relay.ts";
import { Server } from "../parts/server.ts";

export class Place {
  readonly folder: string;
  readonly server: Server;
  readonly #agents: Agent[] = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "nightlatch-demo-"));
    // The module trusts a socket only where nobody else could have put it; readable is enough for others.
    chmodSync(this.folder, 0o755);
    this.server = new Server(join(this.folder, "server"));
  }

  /** A machine of its own: configuration, state, sockets and PAM service named after it. */
  machine(name: string): { agent: Agent; confdir: string } {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    const agent = new Agent({ folder, url: this.server.url, caFile: this.server.caFile });
    this.#agents.push(agent);
    const confdir = join(folder, "pam.d");
    writeService(confdir, "login", nightlatchStack(agent.dialogueSocket));
    return { agent, confdir };
  }

  get logs(): string {
    const agents = this.#agents.map((agent) => `agent:\n${agent.said}`);
    return [`server:\n${this.server.said}`, ...agents].join("\n");
  }

  async leave(): Promise<void> {
    for (const agent of this.#agents) await agent.stop();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Kept {
  /** Sealed records of what is known about users: authenticators, lease, what is spent. */
  readonly users: number;
  readonly machineKey: boolean;
  readonly files: readonly string[];
}

/** What lies in the agent's state folder, read past the agent, which keeps its database locked: from a copy. */
export function keptIn(state: string): Kept {
  const files = readdirSync(state).sort();
  const machineKey = files.includes("machine.key");
  if (!files.includes("state.db")) return { users: 0, machineKey, files };
  const copy = mkdtempSync(join(tmpdir(), "nightlatch-copy-"));
  try {
    for (const name of files.filter((file) => file.startsWith("state.db"))) {
      copyFileSync(join(state, name), join(copy, name));
    }
    const database = new DatabaseSync(join(copy, "state.db"));
    const counted = database.prepare("SELECT count(*) AS n FROM record WHERE tbl = 'standing'").get();
    database.close();
    return { users: Number(counted?.["n"]), machineKey, files };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
