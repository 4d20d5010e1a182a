// npm run bench -- server: verifications and syncs a second, their p99, and memory, on SQLite and on PostgreSQL.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { root } from "../../scripts/parts/program.ts";
import { startCluster } from "../../test/server/postgres/cluster.ts";
import { figures } from "../figures.ts";
import { makeFleet } from "./fleet.ts";
import { type Instance, type Ran, runAll, syncs, verifications } from "./load.ts";

const aims = { verificationsPerSecond: 500, p99Ms: 100, residentMb: 200 };
const busyMachines = 32;
/** A server that has run for a minute has its code compiled; one that has just started takes a quarter longer. */
const eachWarm = 100;
const each = 100;
/** Finer than the system clock of the programs. */
const monotonicMs = () => performance.now();

interface Serving extends Instance {
  readonly pid: number;
  stop(): Promise<void>;
}

async function serve(data: string, url: string | undefined): Promise<Serving> {
  const built = join(root, "dist/nightlatch-server");
  if (!existsSync(built)) throw new Error("build first: npm run build");
  const environment = { NIGHTLATCH_REQUESTS_PER_MINUTE: "0", NIGHTLATCH_LOG_LEVEL: "warn" };
  const child = spawn(built, ["--data", data, "--json", "serve", "--dev-ca", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment, ...(url === undefined ? {} : { NIGHTLATCH_DATABASE: url }) },
  });
  const [line] = await once(child.stdout, "data");
  const said = JSON.parse(String(line)) as { url: string; ca: string };
  return {
    url: said.url,
    ca: readFileSync(said.ca, "utf8"),
    pid: child.pid ?? 0,
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

function residentMb(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(found?.[1]) / 1024);
}

/** Processor time of a process so far, in steps of 10 ms. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Of those processes of PostgreSQL that are there now: of one cluster, whose folder is theirs. */
function databaseProcessorMs(folder: string | undefined): number {
  let ms = 0;
  for (const pid of folder === undefined ? [] : readdirSync("/proc")) {
    try {
      if (/^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(String(folder)))
        ms += processorMs(Number(pid));
    } catch {
      // It has ended meanwhile.
    }
  }
  return ms;
}

/** What others do on the machine makes a request wait; the time of the processors that it takes, they change less. */
async function timed(
  servers: readonly Serving[],
  databaseFolder: string | undefined,
  run: () => Promise<Ran>,
) {
  const total = (pids: readonly number[]) => pids.map(processorMs).reduce((sum, ms) => sum + ms, 0);
  const pids = servers.map(({ pid }) => pid);
  const [before, own] = [total(pids), process.cpuUsage()];
  const databaseBefore = databaseProcessorMs(databaseFolder);
  const { samples, seconds } = await run();
  const { user, system } = process.cpuUsage(own);
  const each = (ms: number) => Number((ms / samples.length).toFixed(2));
  return {
    ...figures(samples),
    perSecond: Math.round(samples.length / seconds),
    serverProcessorMs: each(total(pids) - before),
    databaseProcessorMs: each(databaseProcessorMs(databaseFolder) - databaseBefore),
    loadProcessorMs: each((user + system) / 1_000),
  };
}

async function measure(
  name: string,
  fleet: number,
  { url, databaseFolder, instances = 1 }: { url?: string; databaseFolder?: string; instances?: number } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "nl-bench-server-"));
  const servers: Serving[] = [];
  try {
    const data = join(folder, "data");
    const before = monotonicMs();
    const busy = await makeFleet(data, url, busyMachines, fleet);
    console.error(
      `${name}: ${fleet} users and machines made in ${Math.round((monotonicMs() - before) / 1000)} s`,
    );
    servers.push(await serve(data, url));
    for (let at = 1; at < instances; at++) {
      const further = join(folder, `data-${at}`);
      mkdirSync(further, { mode: 0o700 });
      copyFileSync(join(data, "server.key"), join(further, "server.key"));
      servers.push(await serve(further, url));
    }
    const mostMb = () => Math.max(...servers.map(({ pid }) => residentMb(pid)));
    const startedMb = mostMb();
    const granted = (text: string) => text.includes('"verdict":"granted"');
    const warm = busy.map((one) => verifications(one, 0, eachWarm));
    await runAll(servers, warm, granted, monotonicMs);
    const signIns = busy.map((one) => verifications(one, eachWarm, each));
    const verified = await timed(servers, databaseFolder, () =>
      runAll(servers, signIns, granted, monotonicMs),
    );
    const quiet = busy.map((one) => syncs(one, each));
    const synced = await timed(servers, databaseFolder, () =>
      runAll(servers, quiet, () => true, monotonicMs),
    );
    const result = {
      database: name,
      verifications: verified,
      syncs: synced,
      residentMb: { started: startedMb, afterLoad: mostMb() },
    };
    return result;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(fleet: number): Promise<void> {
  await loadSodium();
  const results = [await measure("SQLite", fleet)];
  const cluster = await startCluster();
  try {
    const client = new pg.Client({ connectionString: cluster.url });
    await client.connect();
    await client.query("create database one");
    await client.query("create database two");
    await client.end();
    const databaseFolder = new URL(cluster.url.replace("@/", "@localhost/")).searchParams.get("host") ?? "";
    const at = (database: string) => ({
      url: cluster.url.replace("/postgres?", `/${database}?`),
      databaseFolder,
    });
    results.push(await measure("PostgreSQL", fleet, at("one")));
    results.push(await measure("PostgreSQL, two instances", fleet, { ...at("two"), instances: 2 }));
  } finally {
    await cluster.stop();
  }
  const machine = {
    processors: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: loadavg()[0],
  };
  console.log(
    `\n${fleet} idle users and machines; ${busyMachines} busy machines, one request in flight each\n`,
  );
  for (const one of results) {
    const { verifications: v, syncs: s, residentMb: mb } = one;
    console.log(`${one.database}`);
    const said = (ran: typeof v) =>
      `${ran.perSecond}/s, median ${ran.medianMs} ms, p99 ${ran.p99Ms} ms, ${ran.refused} refused; of a processor each ${ran.serverProcessorMs} ms, the database ${ran.databaseProcessorMs} ms, the load ${ran.loadProcessorMs} ms`;
    console.log(`  verifications ${said(v)}`);
    console.log(`  syncs         ${said(s)}`);
    console.log(`  resident      ${mb.started} MB after the start, ${mb.afterLoad} MB after the load`);
  }
  console.log(`\naims: ${aims.verificationsPerSecond}/s, p99 ${aims.p99Ms} ms, ${aims.residentMb} MB`);
  const report = { machine, fleet, busyMachines, aims, results };
  writeFileSync(join(root, "bench/results-server.json"), `${JSON.stringify(report, null, 2)}\n`);
}

await main(Number(process.argv[2] ?? 100_000));
