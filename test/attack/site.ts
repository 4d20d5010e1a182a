// Where attacks happen: a real server, a hostile line in front of it, real agents that joined through that line, and PAM
// services for our module alone. All of it in one temporary folder and on loopback.

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Status, SyncReport } from "../../agent/admin/actions.ts";
import { hotpCode } from "../../otp/hotp.ts";
import { systemClock } from "../../platform/clock.ts";
import { systemRandom } from "../../platform/random.ts";
import { Agent } from "../../scripts/parts/agent.ts";
import { FreshCodes, stepNow } from "../../scripts/parts/codes.ts";
import { run } from "../../scripts/parts/program.ts";
import { nightlatchStack, type Seen as SignedIn, signIn, writeService } from "../../scripts/parts/relay.ts";
import { type Provisioned, Server } from "../../scripts/parts/server.ts";
import { runCommand } from "../../server/cli/program.ts";
import { fromBase32 } from "../../words/base32.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { fine, HostileServer, unreachable, type Weather } from "./hostile-server.ts";
import { programs } from "./programs.ts";

const work = mkdtempSync(join(tmpdir(), "nightlatch-attack-"));
chmodSync(work, 0o755);
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

let folders = 0;
/** A new folder, gone with the run. */
export function newFolder(mode = 0o755): string {
  const folder = join(work, String(++folders));
  mkdirSync(folder, { mode });
  return folder;
}

let certificates: Promise<Certificates> | undefined;
const sharedCertificates = () => {
  certificates ??= makeCertificates(join(work, "certificates"));
  return certificates;
};

/** 21 codes of a user are in reach at once, so that attacks need not wait for the clock. */
export const wideWindow = ["totpWindow.past=10", "totpWindow.future=10"] as const;
/** And nothing but the spending of codes ends a series of sign-ins. */
export const spendingOnly = [
  ...wideWindow,
  "lockout.failures=0",
  "guessLimit=10000",
  "hotpLookAhead=20",
  "offline.signIns=1000",
] as const;

export class Person {
  readonly name: string;
  readonly secret: string;
  readonly id: string;
  readonly #codes: FreshCodes;

  constructor(name: string, made: Provisioned, reach: number) {
    this.name = name;
    this.secret = made.secret;
    this.id = made.id;
    this.#codes = new FreshCodes({ secret: made.secret, periodSeconds: 30 }, reach);
  }

  /** A code never used before. */
  next(): Promise<string> {
    return this.#codes.next();
  }

  /** The code that an app shows `steps` from now. */
  at(steps: number): string {
    return hotpCode(this.#key, stepNow(30) + steps);
  }

  /** At a moment in ms. */
  atMs(ms: number): string {
    return hotpCode(this.#key, Math.floor(ms / 30_000));
  }

  wrong(salt = 0): string {
    const near = new Set(Array.from({ length: 61 }, (_, at) => this.at(at - 30)));
    for (let guess = salt; ; guess++) {
      const code = String((guess * 7_919 + 123_456) % 1_000_000).padStart(6, "0");
      if (!near.has(code)) return code;
    }
  }

  get #key() {
    const secret = fromBase32(this.secret);
    if (secret === undefined) throw new Error("the server's secret is no base32");
    return { secret, algorithm: "sha1", digits: 6 } as const;
  }
}

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

export interface SiteOptions extends MachineOptions {
  readonly policy?: readonly string[];
}

export class Site {
  readonly server: Server;
  readonly data: string;
  readonly line: HostileServer;
  readonly machine: Machine;
  readonly #machines: Machine[] = [];
  readonly #caFile: string;
  readonly #reach: number;
  #people = 0;

  private constructor(
    server: Server,
    data: string,
    line: HostileServer,
    caFile: string,
    options: SiteOptions,
  ) {
    this.server = server;
    this.data = data;
    this.line = line;
    this.#caFile = caFile;
    this.#reach = options.policy?.includes("totpWindow.past=10") === true ? 10 : 1;
    this.machine = new Machine({ url: line.url, caFile }, options);
    this.#machines.push(this.machine);
  }

  static async build(options: SiteOptions = {}): Promise<Site> {
    const data = join(newFolder(0o700), "data");
    const server = new Server(data, programs.server);
    await administer(data, "init");
    if (options.policy !== undefined) await administer(data, "policy", "set", ...options.policy);
    await server.start();
    const { caFile, ...rest } = await sharedCertificates();
    const line = await HostileServer.start(() => server.url, { caFile, ...rest });
    const site = new Site(server, data, line, caFile, options);
    await site.joinMachine(site.machine);
    return site;
  }

  async joinMachine(machine: Machine): Promise<void> {
    await machine.agent.start();
    const { token } = await this.json<{ token: string }>("join-token", "create");
    await machine.admin("POST", "/v1/join", { url: this.line.url, token });
  }

  /** Joined; the line is fine from here on. */
  async anotherMachine(options: MachineOptions = {}): Promise<Machine> {
    this.line.weather = fine;
    const machine = new Machine({ url: this.line.url, caFile: this.#caFile }, options);
    this.#machines.push(machine);
    await this.joinMachine(machine);
    return machine;
  }

  /** What another machine needs to know of the line. */
  get machineParts(): { readonly url: string; readonly caFile: string } {
    return { url: this.line.url, caFile: this.#caFile };
  }

  admin(...args: string[]): Promise<string> {
    return administer(this.data, ...args);
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await administer(this.data, "--json", ...args)) as T;
  }

  /** A user with a TOTP authenticator. */
  async person(name = `user${++this.#people}`, ...flags: string[]): Promise<Person> {
    await this.admin("user", "add", name, ...flags);
    const made = await this.json<Provisioned>("authenticator", "add", "totp", name);
    return new Person(name, made, this.#reach);
  }

  /** Who has signed in here online once. */
  async enrolled(name?: string): Promise<Person> {
    const person = await this.person(name);
    await this.enrol(person);
    return person;
  }

  async enrol(person: Person, machine = this.machine): Promise<void> {
    await this.online(machine);
    const result = await machine.result(person.name, await person.next());
    if (result !== "granted") throw new Error(`${person.name} can't sign in online: ${result}`);
    const { enrolments } = await machine.status();
    if (!enrolments.some(({ user }) => user === person.name))
      throw new Error(`${person.name} is not enrolled`);
  }

  /** Enrolled, and the server out of reach from now on. */
  async enrolledThenOffline(name?: string): Promise<Person> {
    const person = await this.enrolled(name);
    this.offline();
    return person;
  }

  offline(): void {
    this.line.weather = unreachable;
  }

  async online(machine = this.machine): Promise<void> {
    this.line.weather = fine;
    await machine.sync();
  }

  set weather(weather: Weather) {
    this.line.weather = weather;
  }

  async leave(): Promise<void> {
    for (const machine of this.#machines) await machine.agent.stop("SIGKILL");
    await this.line.close();
    await this.server.stop();
  }
}

/** The server's command line without a process for each call. */
export async function administer(data: string, ...args: string[]): Promise<string> {
  let out = "";
  let err = "";
  const status = await runCommand(["--data", data, ...args], {
    terminal: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      outIsTerminal: false,
    },
    clock: systemClock,
    random: systemRandom,
    environment: {},
    operator: "attacker",
    makeLog: () => {
      throw new Error("nothing is served here");
    },
    askedToEnd: () => Promise.resolve(),
  });
  if (status !== 0) throw new Error(`nightlatch-server ${args.join(" ")}: ${err}`);
  return out;
}

/** Runs as another account of this system, as an unprivileged local user would. */
export const asUser = (uid: number, command: readonly string[]) =>
  run(["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--", ...command]);

export const modeOf = (path: string): number => statSync(path).mode & 0o7777;
