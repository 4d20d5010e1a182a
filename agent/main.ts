// nightlatchd, the composition root: the one place where the real clock, chance, files, sockets and network are made and
// handed down.

import { readFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { loadLibc } from "../platform/libc.ts";
import { serviceManager } from "../platform/notify.ts";
import { systemRandom } from "../platform/random.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { serveAdmin } from "./admin/http.ts";
import { adminActions } from "./admin/service.ts";
import { type Config, defaultConfigPath, readConfig } from "./config.ts";
import { OpenChallenges } from "./dialogue/challenge.ts";
import { listenForDialogues } from "./dialogue/listen.ts";
import { signIn } from "./dialogue/sign-in.ts";
import { UserQueue } from "./dialogue/user-queue.ts";
import { Hashing } from "./factors/hashing.ts";
import { makeLog, standardError } from "./log/logger.ts";
import { systemAccounts } from "./platform/accounts.ts";
import { bootClock } from "./platform/boot-clock.ts";
import { readBootId } from "./platform/boot-id.ts";
import { chooseProtector } from "./platform/choose-protector.ts";
import { httpsTransport } from "./platform/https-transport.ts";
import { inheritedSockets } from "./platform/listen-fds.ts";
import { systemPeers } from "./platform/peer-credentials.ts";
import { loadSettings, type Settings } from "./platform/settings.ts";
import { version } from "./platform/version.ts";
import { administrators } from "./socket/administrators.ts";
import { heldMachinePolicy, openAhead } from "./state/held.ts";
import { StateKeeper } from "./state/keeper.ts";
import { Ledger } from "./state/ledger.ts";
import type { ProtectorIn } from "./state/protector.ts";
import { Timekeeper } from "./state/timekeeper.ts";
import type { MachineFacts } from "./sync/machine-facts.ts";
import { Online } from "./sync/online.ts";
import { FirstAuthenticator } from "./sync/provisioning.ts";
import { noteReach, Reach } from "./sync/reach.ts";
import { Recovery } from "./sync/recovery.ts";
import { Schedule } from "./sync/schedule.ts";
import { ServerLink } from "./sync/server-link.ts";
import { synchronise } from "./sync/synchronise.ts";

const usage = `Usage: nightlatchd [--config FILE]

The Nightlatch agent: checks second factors, online and offline.

  --config FILE   the configuration (default ${defaultConfigPath}); see nightlatchd.toml(5)
  --check         read the configuration, say whether it is good, and stop
  --version       show the version
  --help          show this text
`;

async function run(config: Config): Promise<void> {
  const libc = loadLibc();
  const clock = bootClock(libc);
  const random = systemRandom;
  const log = makeLog({ ...config.log, clock, out: standardError(writeSync) });
  const accounts = systemAccounts(clock);
  const service = serviceManager(process.env, process.pid, libc, clock);
  const inherited = inheritedSockets(process.env, process.pid, libc);
  const peers = systemPeers(libc, (uid) => accounts.nameOf(uid));
  await loadSodium();

  const protectorIn: ProtectorIn = (folder, wanted) =>
    chooseProtector({
      wanted: wanted === "configured" ? config.machine.protector : wanted,
      folder,
      tpmDevice: config.machine.tpmDevice,
      libc,
      clock,
      random,
    });
  const keeper = new StateKeeper(config.stateDir, protectorIn, random);
  const timekeeper = new Timekeeper(clock, readBootId());
  const ledger = new Ledger(keeper, timekeeper);
  const reach = new Reach((state, why) => {
    noteReach(keeper, timekeeper, state, why, log);
    log.info(`the server is ${state}`, why === null ? {} : { why });
    if (state === "unreachable") schedule.recover();
  });
  const transport = httpsTransport({
    ca: config.server.caFile === undefined ? undefined : readFileSync(config.server.caFile, "utf8"),
    proxy: config.server.proxy,
    headers: config.server.headers,
    development: config.server.development,
  });
  const linkParts = { transport, clock, random };
  const facts = (): MachineFacts => ({
    hostname: hostname().slice(0, 63),
    platform: process.platform,
    agentVersion: version,
    protector: keeper.protector.name,
  });
  const link = new ServerLink({ ...linkParts, keeper, timekeeper, reach, facts, url: config.server.url });
  const joined = () => keeper.condition().state === "healthy";
  const hashing = new Hashing();
  const online = new Online({
    link,
    keeper,
    timekeeper,
    reach,
    clock,
    hashing,
    budgetMs: config.server.timeoutMs,
    syncSoon: () => schedule.soon(),
  });
  let settings: Promise<Settings> | undefined;
  const schedule: Schedule = new Schedule({
    clock,
    reach,
    spread: async () => {
      settings ??= loadSettings(config.stateDir, random);
      return (await settings).syncSpread;
    },
    syncMinutes: () => (joined() ? heldMachinePolicy(keeper.store())?.syncMinutes : undefined),
    probe: () => online.probe(),
    sync: async () => {
      if (!joined()) return "done";
      try {
        const outcome = await synchronise(link, keeper, timekeeper, facts());
        if (outcome.ok) log.info("synchronised", { ...outcome });
        else log.info("not synchronised", { ...outcome });
        return !outcome.ok && outcome.weather === "preempted" ? "overtaken" : "done";
      } catch (error) {
        log.error("the sync failed", { error });
        return "done";
      }
    },
  });

  const recovery = new Recovery({
    ...linkParts,
    keeper,
    timekeeper,
    reach,
    link,
    online,
    facts,
    url: config.server.url,
    budgetMs: config.server.timeoutMs,
    syncSoon: () => schedule.soon(),
  });

  const provisioning = new FirstAuthenticator({
    link,
    keeper,
    online,
    url: config.server.url,
    budgetMs: config.server.timeoutMs,
  });

  const { mode, mfa, usernameSuffix } = config.machine;
  const converse = signIn({
    ledger,
    online,
    recovery,
    provisioning,
    queue: new UserQueue(),
    challenges: new OpenChallenges(clock, random),
    hashing,
    clock,
    random,
    mode,
    mfa,
    usernameSuffix,
  });
  const actions = adminActions({
    keeper,
    timekeeper,
    reach,
    ledger,
    link,
    linkParts,
    facts,
    version,
    protectorWanted: config.machine.protector,
    mode,
    mfa,
    url: config.server.url,
    development: config.server.development,
    syncSoon: () => schedule.soon(),
    syncUnderWay: () => schedule.underWay,
  });

  const { adminGroup } = config.socket;
  const adminGid = adminGroup === undefined ? undefined : await accounts.groupId(adminGroup);
  if (adminGroup !== undefined && adminGid === undefined)
    throw new Error(`there is no group ${adminGroup}: check [socket] admin_group`);
  const dialogues = await listenForDialogues({
    at: inherited.dialogue === undefined ? { path: config.socket.dialogue } : { fd: inherited.dialogue },
    clock,
    converse,
    peers,
    log,
  });
  const admin = await serveAdmin({
    at:
      inherited.admin === undefined
        ? { path: config.socket.admin, ...(adminGid === undefined ? {} : { gid: adminGid }) }
        : { fd: inherited.admin },
    actions,
    peers,
    mayAdminister: administrators(process.geteuid?.() ?? -1, adminGid),
    log,
  });

  const condition = keeper.condition();
  log.info("ready", { version, ...condition });
  service.ready(condition.state);
  const over = new AbortController();
  const watchdog = service.keepAlive(over.signal);
  const cron = await import("node-cron");
  const minutely = cron.schedule("* * * * *", () => schedule.tick(), { noOverlap: true });
  if (condition.state === "healthy") {
    schedule.soon();
    // Fails only when the agent stops meanwhile: what is not opened ahead is opened when it is needed.
    void openAhead(keeper.store(), () => clock.sleep(1, over.signal)).catch(() => undefined);
  }

  await stopAsked();
  log.info("stopping");
  service.stopping();
  over.abort();
  schedule.stop();
  await minutely.stop();
  await Promise.all([dialogues.close(), admin.close(), watchdog]);
  transport.close();
  keeper.close();
}

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}

/** Configuration errors are 78 (EX_CONFIG), so that systemd doesn't restart what can't start. */
async function main(): Promise<number> {
  let args: { config?: string; check?: boolean; version?: boolean; help?: boolean };
  try {
    args = parseArgs({
      options: {
        config: { type: "string" },
        check: { type: "boolean" },
        version: { type: "boolean" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    process.stderr.write(
      `nightlatchd: ${error instanceof Error ? error.message : "bad arguments"}\n${usage}`,
    );
    return 2;
  }
  if (args.help === true || args.version === true) {
    process.stdout.write(args.help === true ? usage : `nightlatchd ${version}\n`);
    return 0;
  }
  const config = readConfig(args.config ?? defaultConfigPath, process.geteuid?.() ?? -1);
  if (!config.ok) {
    process.stderr.write(`nightlatchd: ${config.error}\n`);
    return 78;
  }
  if (args.check === true) {
    process.stdout.write("the configuration is good\n");
    return 0;
  }
  try {
    await run(config.value);
    return 0;
  } catch (error) {
    process.stderr.write(`nightlatchd: ${error instanceof Error ? error.message : "unknown failure"}\n`);
    return 1;
  }
}

void main().then((code) => {
  process.exitCode = code;
});
