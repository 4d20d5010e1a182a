// Where attacks happen: a real server, a hostile line in front of it, and real machines that joined through that line. All of
// it in one temporary folder and on loopback.

import { join } from "node:path";
import { systemClock } from "../../platform/clock.ts";
import { systemRandom } from "../../platform/random.ts";
import { type Provisioned, Server } from "../../scripts/parts/server.ts";
import { runCommand } from "../../server/cli/program.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { fine, HostileServer, unreachable, type Weather } from "./hostile-server.ts";
import { Machine, type MachineOptions } from "./machine.ts";
import { Person } from "./person.ts";
import { programs } from "./programs.ts";
import { newFolder, work } from "./work-folder.ts";

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
