// Outside programs, run to their end or kept running: for the demo, the tests on real programs and the benchmark.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export interface Ran {
  /** The exit status; -1 when a signal ended it. */
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** SIGKILL after this; 30 s unless told. */
  readonly withinMs?: number;
}

/** Runs a program to its end. Rejects only when it can't be started: a status other than 0 is an answer. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = "", ...args] = command;
  const { promise, resolve, reject } = Promise.withResolvers<Ran>();
  const child = spawn(program, args, { cwd: root, env: options.env ?? process.env, stdio: "pipe" });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const killer = setTimeout(() => child.kill("SIGKILL"), options.withinMs ?? 30_000);
  child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => err.push(bytes));
  // A program may end without having read its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  child.on("error", reject);
  child.on("close", (code) => {
    clearTimeout(killer);
    resolve({ status: code ?? -1, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
  });
  return promise;
}

/** What it printed, when it went well; otherwise an error that shows all of it. */
export async function succeed(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await run(command, options);
  if (ran.status !== 0) {
    throw new Error(`${command.join(" ")} ended with ${ran.status}:\n${ran.err}${ran.out}`);
  }
  return ran.out;
}

/** A program that keeps running, and what it has said so far. */
export class Running {
  readonly #child: ChildProcess;
  readonly #command: readonly string[];
  readonly #ended: Promise<void>;
  #said = "";
  #over = false;
  #wake: () => void = () => undefined;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const [program = "", ...args] = command;
    this.#command = command;
    this.#child = spawn(program, args, { cwd: root, env, stdio: ["pipe", "pipe", "pipe"] });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    const hear = (bytes: Buffer) => {
      this.#said += bytes.toString();
      this.#wake();
    };
    this.#child.stdout?.on("data", hear);
    this.#child.stderr?.on("data", hear);
    this.#child.stdin?.on("error", () => undefined);
    this.#child.on("error", (error) => hear(Buffer.from(`can't be started: ${error.message}\n`)));
    this.#child.on("close", () => {
      this.#over = true;
      this.#wake();
      resolve();
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#command.join(" ")} was not started`);
    return this.#child.pid;
  }

  /** Standard output and standard error, as they came. */
  get said(): string {
    return this.#said;
  }

  get status(): number {
    return this.#child.exitCode ?? -1;
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  closeInput(): void {
    this.#child.stdin?.end();
  }

  /** Resolves with the match as soon as `pattern` fits what was said after `from` characters. */
  async says(pattern: RegExp, withinMs = 15_000, from = 0): Promise<RegExpExecArray> {
    const until = performance.now() + withinMs;
    for (;;) {
      const match = pattern.exec(this.#said.slice(from));
      if (match !== null) return match;
      const left = until - performance.now();
      if (this.#over || left <= 0) {
        const why = this.#over ? `ended (${this.status})` : `was silent for ${withinMs} ms`;
        throw new Error(`${this.#command.join(" ")} ${why} before ${pattern}:\n${this.#said}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ends the program and waits for it: politely, then after 5 s by force. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.#over) this.#child.kill(signal);
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await this.#ended;
    clearTimeout(killer);
  }

  /** Resolves when the program has ended by itself. */
  async end(): Promise<number> {
    await this.#ended;
    return this.status;
  }
}
