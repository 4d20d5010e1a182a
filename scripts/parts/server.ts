// A real nightlatch-server from this checkout: its command line, and the service over HTTPS with a CA made on the spot.

import { join } from "node:path";
import type { TotpAuthenticator } from "./codes.ts";
import { Running, root, succeed } from "./program.ts";

const program = join(root, "scripts/nightlatch-server");

/** What the command line says about what it made. */
export interface Provisioned {
  readonly id: string;
  readonly uri: string;
  readonly secret: string;
}

export class Server {
  readonly #data: string;
  readonly #program: string;
  #running: Running | undefined;
  /** Chosen by the system at the first start, kept at the next. */
  #port = 0;

  constructor(data: string, executable: string = program) {
    this.#data = data;
    this.#program = executable;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  get caFile(): string {
    return join(this.#data, "tls/ca.pem");
  }

  get said(): string {
    return this.#running?.said ?? "";
  }

  get pid(): number {
    if (this.#running === undefined) throw new Error("the server is not running");
    return this.#running.pid;
  }

  /** The command line as a person would type it. */
  command(...args: string[]): string {
    return ["nightlatch-server", "--data", this.#data, ...args].join(" ");
  }

  async start(): Promise<void> {
    const address = `127.0.0.1:${this.#port}`;
    this.#running = new Running([
      this.#program,
      "--data",
      this.#data,
      "serve",
      "--init",
      "--listen",
      address,
      "--dev-ca",
    ]);
    const [, port] = await this.#running.says(/https:\/\/127\.0\.0\.1:(\d+)/);
    this.#port = Number(port);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  cli(...args: string[]): Promise<string> {
    return succeed([this.#program, "--data", this.#data, ...args]);
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.cli(...args, "--json")) as T;
  }

  async addTotp(user: string, periodSeconds = 30): Promise<TotpAuthenticator & Provisioned> {
    const flags = periodSeconds === 30 ? [] : ["--period", String(periodSeconds)];
    const made = await this.json<Provisioned>("authenticator", "add", "totp", user, ...flags);
    return { ...made, periodSeconds };
  }

  async joinToken(): Promise<string> {
    return (await this.json<{ token: string }>("join-token", "create")).token;
  }
}
