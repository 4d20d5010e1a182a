// A machine with a real agent and a PAM service for our module alone; its clock may be set, its state copied and put back.

import { chmodSync, cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { uptime } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Status, SyncReport } from "../../agent/admin/actions.ts";
import { Agent } from "../../scripts/parts/agent.ts";
import { run } from "../../scripts/parts/program.ts";
import { nightlatchStack, type Seen as SignedIn, signIn, writeService } from "../../scripts/parts/relay.ts";
import { programs } from "./programs.ts";
import { newFolder } from "./work-folder.ts";

export interface MachineOptions {
  /** The clock can be set and the machine rebooted; needs faketime and mount namespaces. */
  readonly clock?: true;
  readonly protector?: string;
  /** More lines for the configuration's [machine] table, the last but one. */
  readonly machineLines?: readonly string[];
}

export const faketimeLibrary = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
export const canFakeTime = existsSync(faketimeLibrary);

export class Machine {
  readonly agent: Agent;
  readonly folder: string;
  readonly confdir: string;
  readonly #clockFile: string;
  readonly #bootFile: string;
  #boots = 0;
  /** The host's seconds since its own boot. */
  #bootedAt: number | undefined;

  constructor(site: { readonly url: string; readonly caFile: string }, options: MachineOptions) {
    this.folder = newFolder();
    this.#clockFile = join(this.folder, "clock");
    this.#bootFile = join(this.folder, "boot-id");
    this.#nameBoot();
    this.setClock(0);
    const inside = (command: readonly string[]) => (options.clock ? this.#withClock(command) : command);
    this.agent = new Agent({
      folder: this.folder,
      url: site.url,
      caFile: site.caFile,
      inside,
      daemon: programs.agent,
      protector: options.protector ?? "file",
    });
    if (options.machineLines !== undefined) {
      const toml = readFileSync(this.agent.config, "utf8");
      writeFileSync(
        this.agent.config,
        toml.replace("\n[log]", `\n${options.machineLines.join("\n")}\n\n[log]`),
      );
    }
    this.confdir = join(this.folder, "pam.d");
    this.service("login", nightlatchStack(this.agent.dialogueSocket));
  }

  service(name: string, stack: string): void {
    writeService(this.confdir, name, stack);
  }

  /** A boot id and a boot clock of its own, and a wall clock that can be set while the agent runs. */
  #withClock(command: readonly string[]): readonly string[] {
    const bind = 'mount --bind "$1" /proc/sys/kernel/random/boot_id; shift; exec "$@"';
    const environment = [
      `LD_PRELOAD=${faketimeLibrary}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#clockFile}`,
      "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    // The boot clock of a machine that was switched on five seconds ago; it goes on over restarts of the agent.
    this.#bootedAt ??= Math.floor(uptime());
    const boot = ["--mount", "--time", `--boottime=${5 - this.#bootedAt}`];
    return ["unshare", ...boot, "sh", "-c", bind, "sh", this.#bootFile, "env", ...environment, ...command];
  }

  #nameBoot(): void {
    this.#bootedAt = undefined;
    const last = String(++this.#boots).padStart(12, "0");
    writeFileSync(this.#bootFile, `00000000-0000-4000-8000-${last}\n`);
  }

  /** Seconds off the true time. */
  setClock(seconds: number): void {
    writeFileSync(this.#clockFile, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  }

  /** Off and on again, perhaps with another clock. */
  async reboot(seconds?: number): Promise<void> {
    await this.agent.stop();
    this.#nameBoot();
    if (seconds !== undefined) this.setClock(seconds);
    await this.agent.start();
  }

  async restart(): Promise<void> {
    await this.agent.stop();
    await this.agent.start();
  }

  /** All that is on the disk of a machine that is switched off. */
  copyState(): string {
    const copy = join(newFolder(0o700), "state");
    cpSync(this.agent.state, copy, { recursive: true, preserveTimestamps: true });
    return copy;
  }

  /** Puts a copy back in place of what is there; owner and modes as an attacker with root would make them. */
  putState(copy: string): void {
    rmSync(this.agent.state, { recursive: true, force: true });
    cpSync(copy, this.agent.state, { recursive: true, preserveTimestamps: true });
    chmodSync(this.agent.state, 0o700);
  }

  signIn(user: string, answers: string | readonly string[], service = "login"): Promise<SignedIn> {
    return signIn({
      user,
      // Whoever is locked may be asked for the help desk's answer as well: nothing, to give up.
      answers: typeof answers === "string" ? [answers, ""] : answers,
      confdir: this.confdir,
      service,
    });
  }

  async result(user: string, answers: string | readonly string[], service?: string): Promise<string> {
    return short((await this.signIn(user, answers, service)).result);
  }

  status(): Promise<Status> {
    return this.admin<Status>("GET", "/v1/status");
  }

  /** Also how an agent learns at once that the server is back. A sync gives way to sign-ins, so it may take another. */
  async sync(): Promise<SyncReport> {
    for (let left = 10; ; left--) {
      try {
        return await this.admin<SyncReport>("POST", "/v1/sync");
      } catch (error) {
        if (left === 0) throw error;
        await sleep(100);
      }
    }
  }

  admin<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const options = {
      socketPath: this.agent.adminSocket,
      method,
      path,
      headers: { "content-type": "application/json" },
    };
    const asking = request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (more: string) => {
        text += more;
      });
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text) as T);
        else reject(new Error(`${path}: ${answer.statusCode} ${text.slice(0, 200)}`));
      });
    });
    asking.on("error", reject);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }
}

/** PAM's word as ours: the tables are read by people. */
export function short(result: string): string {
  const words: Readonly<Record<string, string>> = {
    PAM_SUCCESS: "granted",
    PAM_AUTH_ERR: "denied",
    PAM_MAXTRIES: "locked",
    PAM_AUTHINFO_UNAVAIL: "unavailable",
  };
  return words[result] ?? result;
}

/** Runs as another account of this system, as an unprivileged local user would. */
export const asUser = (uid: number, command: readonly string[]) =>
  run(["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--", ...command]);

export const modeOf = (path: string): number => statSync(path).mode & 0o7777;
