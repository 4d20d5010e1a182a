// A real nightlatchd, from this checkout or as the packaged executable, and its command line.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Status } from "../../agent/admin/actions.ts";
import { type Ran, Running, root, run, succeed } from "./program.ts";

export interface AgentPlace {
  /** Holds configuration, state and, unless told, the sockets. */
  readonly folder: string;
  readonly sockets?: string;
  readonly url: string;
  readonly caFile: string;
  /** Around every command, so that it can happen inside a namespace. */
  readonly inside?: (command: readonly string[]) => readonly string[];
  /** Instead of the checkout's own scripts. */
  readonly daemon?: string;
  readonly protector?: string;
}

export class Agent {
  readonly state: string;
  readonly config: string;
  readonly dialogueSocket: string;
  readonly adminSocket: string;
  readonly #place: AgentPlace;
  #running: Running | undefined;

  constructor(place: AgentPlace) {
    this.#place = place;
    const sockets = place.sockets ?? join(place.folder, "run");
    this.state = join(place.folder, "state");
    this.config = join(place.folder, "nightlatchd.toml");
    this.dialogueSocket = join(sockets, "dialogue.sock");
    this.adminSocket = join(sockets, "admin.sock");
    mkdirSync(join(place.folder, "run"), { recursive: true, mode: 0o755 });
    mkdirSync(this.state, { recursive: true, mode: 0o700 });
    writeFileSync(this.config, this.#toml(), { mode: 0o600 });
  }

  #toml(): string {
    const { url, caFile, protector = "file" } = this.#place;
    const quoted = (text: string) => JSON.stringify(text);
    return `state_dir = ${quoted(this.state)}

[socket]
dialogue = ${quoted(this.dialogueSocket)}
admin = ${quoted(this.adminSocket)}

[server]
url = ${quoted(url)}
ca_file = ${quoted(caFile)}
timeout_ms = 2000

[machine]
protector = ${quoted(protector)}

[log]
level = "info"
format = "text"
`;
  }

  #inside(command: readonly string[]): readonly string[] {
    return this.#place.inside?.(command) ?? command;
  }

  get pid(): number {
    if (this.#running === undefined) throw new Error("the agent is not running");
    return this.#running.pid;
  }

  /** What it has logged since its last start. */
  get said(): string {
    return this.#running?.said ?? "";
  }

  /** Starts the process and no more: it can't be spoken to yet. */
  launch(): void {
    const daemon = this.#place.daemon ?? join(root, "scripts/nightlatchd");
    this.#running = new Running(this.#inside([daemon, "--config", this.config]));
  }

  async start(): Promise<void> {
    this.launch();
    await this.#running?.says(/\bready\b/);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.#running?.stop(signal);
    this.#running = undefined;
  }

  cli(...args: string[]): Promise<Ran> {
    const sockets = ["--admin-socket", this.adminSocket, "--dialogue-socket", this.dialogueSocket];
    return run(this.#inside([join(root, "scripts/nightlatch"), ...sockets, ...args]));
  }

  /** Also how an agent learns at once that the server is back. */
  async sync(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const ran = await this.cli("sync");
      if (ran.status === 0) return;
      // A sign-in whose relay has gone may still be on its way to the server.
      if (tries === 10 || !ran.err.includes("a sign-in went first"))
        throw new Error(`sync ended with ${ran.status}: ${ran.err}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  async status(): Promise<Status> {
    const ran = await this.cli("status", "--json");
    return JSON.parse(ran.out) as Status;
  }

  /** As a person does it: the token comes in a file, never on the command line. */
  async join(token: string): Promise<void> {
    const file = join(this.#place.folder, "join-token");
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    const sockets = ["--admin-socket", this.adminSocket];
    await succeed(
      this.#inside([
        join(root, "scripts/nightlatch"),
        ...sockets,
        "join",
        this.#place.url,
        "--token-file",
        file,
      ]),
    );
  }
}
