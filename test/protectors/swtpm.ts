// A TPM of its own for each test: swtpm with its state in a folder, so that it can be switched off and on again.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { libc } from "./stage.ts";

export class SwTpm {
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Gone when the test ends. */
  static async start(): Promise<SwTpm> {
    const tpm = new SwTpm(mkdtempSync(join(tmpdir(), "nl-tpm-")));
    onTestFinished(async () => {
      await tpm.off();
      rmSync(tpm.#folder, { recursive: true, force: true });
    });
    await tpm.on();
    return tpm;
  }

  get socket(): string {
    return join(this.#folder, "tpm.sock");
  }

  get device(): string {
    return `swtpm:${this.socket}`;
  }

  /** The state of before, as after a machine's power comes back. */
  async on(): Promise<void> {
    const state = join(this.#folder, "state");
    mkdirSync(state, { recursive: true });
    const server = ["--server", `type=unixio,path=${this.socket}`];
    // tpm2-tools want it.
    const control = ["--ctrl", `type=unixio,path=${this.socket}.ctrl`];
    const flags = ["--flags", "not-need-init,startup-clear"];
    const options = ["socket", "--tpm2", "--tpmstate", `dir=${state}`, ...server, ...control, ...flags];
    this.#process = spawn("swtpm", options, { stdio: "ignore" });
    await once(this.#process, "spawn");
    for (let tries = 0; !this.#listens(); tries += 1) {
      if (tries > 1_000) throw new Error("swtpm does not start");
      await sleep(5);
    }
  }

  async off(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined) return;
    const gone = once(running, "exit");
    running.kill("SIGTERM");
    await gone;
    rmSync(this.socket, { force: true });
  }

  #listens(): boolean {
    const fd = libc.connectStream(this.socket);
    if (fd === undefined) return false;
    closeSync(fd);
    return true;
  }

  /** The same process, which answers nobody until it is let go on. */
  hang(): void {
    this.#process?.kill("SIGSTOP");
  }

  goOn(): void {
    this.#process?.kill("SIGCONT");
  }

  /** A program of tpm2-tools, and what it says: somebody else's view of the same TPM. */
  tool(name: string, ...args: readonly string[]): Buffer {
    return execFileSync(name, args, {
      env: { ...process.env, TPM2TOOLS_TCTI: `swtpm:path=${this.socket}` },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
  }

  /** What lies in its memory: nothing of ours may stay in the transient one. */
  handles(kind: "nv-index" | "transient" | "loaded-session" | "saved-session"): string[] {
    const said = this.tool("tpm2_getcap", `handles-${kind}`).toString();
    return [...said.matchAll(/0x[0-9A-Fa-f]+/g)].map(([handle]) => handle);
  }
}
