// The agent as its own process on a state folder that can be put back, killed and started again in milliseconds.

import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import type { Status } from "../../agent/admin/actions.ts";
import { root } from "../../scripts/parts/program.ts";
import { Faults, faultsLibrary } from "./faults.ts";

/** What a relay has seen: a verdict's word, "asked" when it was to ask and had nothing to answer, "" when nothing came. */
export type Seen = "granted" | "denied" | "locked" | "unavailable" | "refused" | "asked" | "";

export interface Start {
  /** The server may be spoken to; otherwise it is out of reach. */
  readonly online?: boolean;
  /** Armed before the process begins. */
  readonly armed?: boolean;
}

const daemon = join(root, "dist/nightlatchd");
/** Nobody listens there. */
const nowhere = "https://127.0.0.1:9";
const patienceMs = 20_000;
/** SQLite checkpoints after a commit that leaves so many pages in its log. */
export const framesToCheckpoint = 1_000;

export class Machine {
  readonly folder: string;
  readonly state: string;
  readonly faults: Faults;
  /** When there is one, every change of the state folder is appended here while faults are armed. */
  record: string | undefined;
  /** Before the command, such as that which enters a namespace. */
  inside: readonly string[] = [];
  /** Before the state's path, to see it from outside of there. */
  throughRoot = "";
  readonly #dialogue: string;
  readonly #admin: string;
  #process: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #said = "";
  #heard: () => void = () => undefined;

  constructor(folder: string, server: { readonly url: string; readonly caFile: string }, state?: string) {
    this.folder = folder;
    this.state = state ?? join(folder, "state");
    mkdirSync(join(folder, "run"), { recursive: true, mode: 0o755 });
    this.faults = new Faults(join(folder, "faults"));
    this.#dialogue = join(folder, "run/dialogue.sock");
    this.#admin = join(folder, "run/admin.sock");
    for (const [name, url] of [
      ["online", server.url],
      ["offline", nowhere],
    ] as const) {
      const toml = `state_dir = "${this.state}"
[socket]
dialogue = "${this.#dialogue}"
admin = "${this.#admin}"
[server]
url = "${url}"
ca_file = "${server.caFile}"
timeout_ms = 5000
[machine]
protector = "file"
`;
      writeFileSync(join(folder, `${name}.toml`), toml, { mode: 0o600 });
    }
  }

  /** The state folder as it was when it was copied to `from`; undefined for an empty one. */
  restore(from: string | undefined): void {
    rmSync(this.#seen, { recursive: true, force: true });
    if (from === undefined) mkdirSync(this.#seen, { mode: 0o700 });
    else cpSync(from, this.#seen, { recursive: true, preserveTimestamps: true });
  }

  /** A copy of the state as it is. */
  keep(): string {
    const kept = join(this.folder, "kept");
    rmSync(kept, { recursive: true, force: true });
    cpSync(this.#seen, kept, { recursive: true, preserveTimestamps: true });
    return kept;
  }

  /** Resolves when it can be spoken to, or has ended. */
  async start({ online = false, armed }: Start = {}): Promise<void> {
    if (armed !== true) this.faults.disarm();
    this.#said = "";
    const [program = "", ...args] = [
      ...this.inside,
      daemon,
      "--config",
      join(this.folder, online ? "online.toml" : "offline.toml"),
    ];
    const child = spawn(program, args, {
      cwd: "/",
      env: {
        LD_PRELOAD: faultsLibrary(),
        NIGHTLATCH_FAULTS_CONTROL: this.faults.path,
        NIGHTLATCH_FAULTS_FOLDER: this.state,
        ...(this.record === undefined ? {} : { NIGHTLATCH_FAULTS_RECORD: this.record }),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = child;
    child.stderr?.on("data", (bytes: Buffer) => {
      this.#said += bytes.toString();
      this.#heard();
    });
    this.#ended = new Promise((resolve) => {
      child.on("close", () => {
        if (this.#process === child) this.#process = undefined;
        this.#heard();
        resolve();
      });
    });
    await this.says(/"ready"|\bready\b/);
  }

  /** Resolves when the log has it, or the process has ended. */
  async says(pattern: RegExp): Promise<void> {
    const until = performance.now() + patienceMs;
    while (this.running && !pattern.test(this.#said)) {
      const left = until - performance.now();
      if (left <= 0) throw new Error(`the agent did not say ${pattern}:\n${this.#said}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Pages in SQLite's log. */
  get logFrames(): number {
    const size = statSync(join(this.#seen, "state.db-wal"), { throwIfNoEntry: false })?.size ?? 0;
    return size < 32 ? 0 : Math.floor((size - 32) / 4_120);
  }

  get #seen(): string {
    return `${this.throughRoot}${this.state}`;
  }

  get said(): string {
    return this.#said;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#process?.kill(signal);
    await this.#ended;
  }

  /** A sign-in from BEGIN to END, or to the agent's death. Only `answer` is ever answered. `asked` runs before it is. */
  signIn(
    user: string,
    { answer, kind = "logon", asked }: { answer?: string; kind?: string; asked?: () => void } = {},
  ): Promise<Seen> {
    const { promise, resolve } = Promise.withResolvers<Seen>();
    const socket = connect(this.#dialogue);
    let heard = "";
    const end = (seen: Seen) => {
      resolve(seen);
      socket.destroy();
    };
    socket.setTimeout(patienceMs, () => end(""));
    socket.on("error", () => end(""));
    socket.on("close", () => resolve(""));
    socket.on("data", (bytes) => {
      heard += bytes.toString();
      for (let at = heard.indexOf("\n"); at >= 0; at = heard.indexOf("\n")) {
        const [word, verdict] = heard.slice(0, at).split(" ");
        heard = heard.slice(at + 1);
        if (word === "END") return end(verdict as Seen);
        if (word !== "ASK") continue;
        if (answer === undefined) return end("asked");
        asked?.();
        socket.write(`ANSWER ${answer}\n`);
      }
    });
    socket.write(`BEGIN 1 kind=${kind} user=${user} service=login\n`);
    return promise;
  }

  status(): Promise<Status | undefined> {
    return this.#ask<Status>("GET", "/v1/status");
  }

  /** True when the answer was heard, and good. */
  async sync(): Promise<boolean> {
    return (await this.#ask("POST", "/v1/sync")) !== undefined;
  }

  async rotateKeys(): Promise<boolean> {
    return (await this.#ask("POST", "/v1/rotate-keys", { protector: "same" })) !== undefined;
  }

  async join(url: string, token: string): Promise<boolean> {
    return (await this.#ask("POST", "/v1/join", { url, token })) !== undefined;
  }

  #ask<T>(method: string, path: string, body?: unknown): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const asked = request({ socketPath: this.#admin, method, path, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (bytes: Buffer) => {
        text += bytes.toString();
      });
      response.on("close", () => resolve(undefined));
      response.on("end", () => {
        try {
          resolve(response.statusCode === 200 ? (JSON.parse(text) as T) : undefined);
        } catch {
          resolve(undefined);
        }
      });
    });
    asked.on("error", () => resolve(undefined));
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }
}
