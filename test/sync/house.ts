// A server and an agent in one process, joined by a line whose weather a test decides. Everything is real but the clock,
// the network and the person.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { AdminActions } from "../../agent/admin/actions.ts";
import { adminActions } from "../../agent/admin/service.ts";
import { OpenChallenges } from "../../agent/dialogue/challenge.ts";
import { dialogueSpeech } from "../../agent/dialogue/languages/dialogue-speech.ts";
import { signIn } from "../../agent/dialogue/sign-in.ts";
import { DialogueOver } from "../../agent/dialogue/talk.ts";
import { UserQueue } from "../../agent/dialogue/user-queue.ts";
import { Hashing } from "../../agent/factors/hashing.ts";
import { fileProtector } from "../../agent/platform/file-protector.ts";
import { StateKeeper } from "../../agent/state/keeper.ts";
import { Ledger } from "../../agent/state/ledger.ts";
import type { GenerationCounter, ProtectorIn } from "../../agent/state/protector.ts";
import { Timekeeper } from "../../agent/state/timekeeper.ts";
import { Online } from "../../agent/sync/online.ts";
import { FirstAuthenticator } from "../../agent/sync/provisioning.ts";
import { Reach } from "../../agent/sync/reach.ts";
import { Recovery } from "../../agent/sync/recovery.ts";
import { ServerLink } from "../../agent/sync/server-link.ts";
import { type Reply, type Transport, TransportFailure, type Weather } from "../../agent/sync/transport.ts";
import { systemRandom } from "../../platform/random.ts";
import type { End } from "../../protocol/dialogue/messages.ts";
import { makeApp } from "../../server/api/app.ts";
import { runCommand } from "../../server/cli/program.ts";
import { initServer, type OpenServer, openServer } from "../../server/identity/open-server.ts";
import type { Kind } from "../../words/kind.ts";
import { parseUserName } from "../../words/user-name.ts";
import { FakeClock } from "../fakes/clock.ts";
import { Token } from "./token.ts";

export { Token } from "./token.ts";

const log = pino({ level: "silent" });

export interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What happens on the line: `pass` hands the request to the server; a test may alter, hold or replay what it likes. */
export type Line = (sent: Sent, pass: (sent: Sent) => Promise<Reply>, stop: AbortSignal) => Promise<Reply>;

export const fine: Line = (sent, pass) => pass(sent);
export const storm =
  (weather: Weather): Line =>
  () =>
    Promise.reject(new TransportFailure(weather));
/** Never answers; ends only when the agent's budget does. */
export const silence: Line = (_sent, _pass, stop) =>
  new Promise((_resolve, reject) => {
    stop.addEventListener("abort", () => reject(new TransportFailure("timed-out")), { once: true });
  });

/** What a person types; or how it is found out, by what has been shown. */
export type TypedAnswer = string | ((shown: readonly string[], prompt: string) => string | Promise<string>);

export interface Outcome {
  readonly end: End;
  readonly shown: readonly string[];
  readonly asked: readonly string[];
}

export class House {
  readonly clock = new FakeClock(Date.parse("2026-11-20T12:00:00Z"), 1_000_000);
  readonly folder = mkdtempSync(join(tmpdir(), "nightlatch-house-"));
  readonly heard: Sent[] = [];
  line: Line = fine;
  /** What the machine thinks of the server's. */
  certificate: "good" | "certificate-dated" | "certificate-refused" = "good";
  bootId = "boot-1";
  /** Stands for a TPM's; undefined: the protector has none. */
  counter: GenerationCounter | undefined;
  /** Of the agent's next start. */
  protector: ProtectorIn = (folder) => ({
    ...fileProtector(join(folder, "machine.key")),
    counter: this.counter,
  });
  agent!: Agent;
  #server!: OpenServer;
  #app!: ReturnType<typeof makeApp>;

  static async build(...commands: readonly string[][]): Promise<House> {
    const house = new House();
    await house.#open(initServer);
    for (const command of commands) await house.admin(...command);
    house.startAgent();
    return house;
  }

  /** Something else lies in the server's folder now, such as a backup. */
  async reopenServer(): Promise<void> {
    await this.#open(openServer);
  }

  async #open(opened: typeof openServer): Promise<void> {
    this.#server = await opened(join(this.folder, "server"), this.clock, systemRandom);
    this.#app = makeApp({
      ...this.#server,
      clock: this.clock,
      random: systemRandom,
      log,
      syncMinutes: 30,
    });
  }

  get server(): OpenServer {
    return this.#server;
  }

  /** A command of nightlatch-server; its JSON. */
  async admin(...args: readonly string[]): Promise<unknown> {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCommand(["--data", join(this.folder, "server"), "--json", ...args], {
      terminal: { out: (text) => out.push(text), err: (text) => err.push(text), outIsTerminal: false },
      clock: this.clock,
      random: systemRandom,
      operator: "tester",
      environment: {},
      makeLog: () => log,
      askedToEnd: () => Promise.resolve(),
    });
    if (code !== 0) throw new Error(`nightlatch-server ${args.join(" ")}: ${err.join("")}`);
    return out.length === 0 ? undefined : JSON.parse(out.join(""));
  }

  /** As a restart of the daemon does: nothing is kept but what is on the disk. */
  startAgent(settings: Partial<AgentSettings> = {}): Agent {
    this.agent?.stop();
    this.agent = new Agent(this, { ...(this.agent?.settings ?? defaultSettings), ...settings });
    return this.agent;
  }

  /** Power off and on: another boot, the boot clock begins again. */
  reboot(offMs = 60_000): void {
    this.clock.reboot(5_000);
    this.clock.setWall(this.clock.wallMs() + offMs);
    this.bootId = `boot-${Number(this.bootId.slice(5)) + 1}`;
    this.startAgent();
  }

  async join(): Promise<void> {
    const { token } = (await this.admin("join-token", "create")) as { token: string };
    await this.agent.actions.join("https://server.test", token);
  }

  /** A user with one TOTP authenticator of 30 s and 6 digits. */
  async user(name: string, ...more: readonly string[]): Promise<Token> {
    await this.admin("user", "add", name, ...more);
    return await this.totp(name);
  }

  async totp(name: string): Promise<Token> {
    const made = (await this.admin("authenticator", "add", "totp", name)) as { secret: string; id: string };
    return new Token(this.clock, made.secret);
  }

  /** The road that every request takes. */
  async carry(sent: Sent, stop: AbortSignal): Promise<Reply> {
    this.heard.push(sent);
    return await this.line(sent, (altered) => this.deliver(altered), stop);
  }

  async deliver(sent: Sent): Promise<Reply> {
    const response = await this.#app.request(sent.path, {
      method: "POST",
      headers: { ...sent.headers, "content-type": "application/json" },
      body: Buffer.from(sent.body),
    });
    const body = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  }

  async tearDown(): Promise<void> {
    this.agent.stop();
    await this.#server.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface AgentSettings {
  readonly mode: "online" | "offline";
  readonly mfa: "enabled" | "disabled";
  readonly usernameSuffix: string;
}

const defaultSettings: AgentSettings = { mode: "offline", mfa: "enabled", usernameSuffix: "" };

export class Agent {
  readonly keeper: StateKeeper;
  readonly ledger: Ledger;
  readonly online: Online;
  readonly provisioning: FirstAuthenticator;
  readonly recovery: Recovery;
  readonly actions: AdminActions;
  readonly reach: Reach;
  readonly settings: AgentSettings;
  readonly timekeeper: Timekeeper;
  readonly #house: House;
  readonly #hashing = new Hashing();
  readonly #queue = new UserQueue();
  readonly #challenges: OpenChallenges;
  /** How often a sync in the background has been asked for; the tests run syncs themselves. */
  syncsAsked = 0;

  constructor(house: House, settings: AgentSettings) {
    this.#house = house;
    this.settings = settings;
    const { clock } = house;
    this.#challenges = new OpenChallenges(clock, systemRandom);
    const folder = join(house.folder, "state");
    this.keeper = new StateKeeper(folder, (at, wanted) => house.protector(at, wanted), systemRandom);
    this.timekeeper = new Timekeeper(clock, house.bootId);
    const { keeper, timekeeper } = this;
    this.ledger = new Ledger(keeper, timekeeper);
    this.reach = new Reach(() => undefined);
    const post: Transport["post"] = (url, headers, body, _most, stop) =>
      house.carry({ path: url.pathname, headers, body }, stop);
    const transport: Transport = {
      post: (...asked) =>
        house.certificate === "good"
          ? post(...asked)
          : Promise.reject(new TransportFailure(house.certificate)),
      unverified: { post },
      close: () => undefined,
    };
    const linkParts = { transport, clock, random: systemRandom };
    const facts = () => ({ hostname: "laptop", platform: "linux", agentVersion: "0.1.0", protector: "file" });
    const link = new ServerLink({
      ...linkParts,
      keeper,
      timekeeper,
      reach: this.reach,
      facts,
      url: undefined,
    });
    const syncSoon = () => {
      this.syncsAsked += 1;
    };
    this.online = new Online({
      hashing: this.#hashing,
      link,
      keeper,
      timekeeper,
      reach: this.reach,
      clock,
      budgetMs: 2_000,
      syncSoon,
    });
    this.provisioning = new FirstAuthenticator({
      link,
      keeper,
      online: this.online,
      url: undefined,
      budgetMs: 2_000,
    });
    this.recovery = new Recovery({
      ...linkParts,
      keeper,
      timekeeper,
      reach: this.reach,
      link,
      online: this.online,
      facts,
      url: undefined,
      budgetMs: 2_000,
      syncSoon,
    });
    this.actions = adminActions({
      keeper,
      timekeeper,
      reach: this.reach,
      ledger: this.ledger,
      link,
      linkParts,
      facts,
      version: "0.1.0",
      protectorWanted: "auto",
      url: undefined,
      development: false,
      syncSoon,
      syncUnderWay: () => false,
      ...settings,
    });
  }

  /** A person at a relay who gives these answers and then gives up, or has none from the help desk. */
  async signIn(
    user: string,
    answers: readonly TypedAnswer[],
    {
      kind = "logon" as Kind,
      uid = 0,
      lang = undefined as string | undefined,
      /** Where the relay says it is, when that matters. */
      at = { service: "test" } as { readonly service: string; readonly tty?: string },
    } = {},
  ): Promise<Outcome> {
    const shown: string[] = [];
    const asked: string[] = [];
    const left = [...answers];
    const name = parseUserName(user);
    if (!name.ok) throw new Error(name.error);
    const converse = signIn({
      hashing: this.#hashing,
      ...this,
      ...this.settings,
      queue: this.#queue,
      challenges: this.#challenges,
      clock: this.#house.clock,
      random: systemRandom,
    });
    const end = await converse(
      { word: "BEGIN", kind, user: name.value, ...at, ...(lang === undefined ? {} : { lang }) },
      { uid, pid: 1, userName: uid === 0 ? "root" : user },
      {
        over: new AbortController().signal,
        show: (_tone, text) => shown.push(text),
        ask: (_echo, text) => {
          asked.push(text);
          const answer = left.shift();
          if (answer === undefined && text === dialogueSpeech(lang).say("help-desk-answer"))
            return Promise.resolve("");
          if (answer === undefined) return Promise.reject(new DialogueOver("gave up"));
          return Promise.resolve(typeof answer === "string" ? answer : answer(shown, text));
        },
      },
    );
    return { end, shown, asked };
  }

  stop(): void {
    this.keeper.close();
  }
}

/** One word for what came out: `granted offline`, `denied`, … */
export function said({ end }: Outcome): string {
  if (end.verdict !== "granted") return end.verdict;
  const where = end.offline === undefined ? "" : end.offline ? " offline" : " online";
  return `granted${where} by ${end.method}`;
}
