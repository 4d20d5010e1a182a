// Processes that sign in through libpam when told to (bench/measure.c), and what they measured.

import { join } from "node:path";
import { Running, root } from "../scripts/parts/program.ts";

export interface Attempt {
  readonly service: string;
  readonly user: string;
  readonly answer: string;
}

export interface Measured {
  readonly ms: number;
  /** PAM's code; 0 is success. */
  readonly code: number;
}

export class Relay {
  readonly #process: Running;
  #heard = 0;

  constructor(confdir: string, inside: (command: readonly string[]) => readonly string[]) {
    this.#process = new Running(inside([join(root, "build/measure"), confdir]));
  }

  async ready(): Promise<void> {
    await this.#process.says(/^ready\n/);
    this.#heard = this.#process.said.length;
  }

  async signIn({ service, user, answer }: Attempt): Promise<Measured> {
    this.#process.write(`${service} ${user} ${answer}\n`);
    const [line, ns, code] = await this.#process.says(/^(\d+) (\d+)\n/, 60_000, this.#heard);
    this.#heard += line.length;
    return { ms: Number(ns) / 1e6, code: Number(code) };
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
