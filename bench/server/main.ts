// npm run bench -- server: verifications and syncs a second, their p99, and memory, on SQLite and on PostgreSQL.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { systemClock } from "../../platform/clock.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { root } from "../../scripts/parts/program.ts";
import { startCluster } from "../../test/server/postgres/cluster.ts";
import { figures } from "../figures.ts";
import { makeFleet } from "./fleet.ts";
import { type Ran, runAll, syncs, verifications } from "./load.ts";

const aims = { verificationsPerSecond: 500, p99Ms: 100, residentMb: 200 };
const busyMachines = 32;
const eachWarm = 10;
const each = 60;
const monotonicMs = () => systemClock.monotonicMs();

interface Serving {
  readonly url: string;
  readonly ca: string;
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

/** What others do on the machine makes a request wait; the time of the processors that it takes, they change less. */
async function timed(pid: number, run: () => Promise<Ran>) {
  const [before, own] = [processorMs(pid), process.cpuUsage()];
  const { samples, seconds } = await run();
  const { user, system } = process.cpuUsage(own);
  const each = (ms: number) => Number((ms / samples.length).toFixed(2));
  return {
    ...figures(samples),
    perSecond: Math.round(samples.length / seconds),
    serverProcessorMs: each(processorMs(pid) - before),
    loadProcessorMs: each((user + system) / 1_000),
  };
}

async function measure(name: string, url: string | undefined, fleet: number) {
  const folder = mkdtempSync(join(tmpdir(), "nl-bench-server-"));
  try {
    const data = join(folder, "data");
    const before = monotonicMs();
    const busy = await makeFleet(data, url, busyMachines, fleet);
    console.error(
      `${name}: ${fleet} users and machines made in ${Math.round((monotonicMs() - before) / 1000)} s`,
    );
    const server = await serve(data, url);
    const startedMb = residentMb(server.pid);
    const granted = (text: string) => text.includes('"verdict":"granted"');
    const warm = busy.map((one) => verifications(one, 0, eachWarm));
    await runAll(server.url, server.ca, warm, granted, monotonicMs);
    const signIns = busy.map((one) => verifications(one, eachWarm, each));
    const verified = await timed(server.pid, () =>
      runAll(server.url, server.ca, signIns, granted, monotonicMs),
    );
    const quiet = busy.map((one) => syncs(one, each));
    const synced = await timed(server.pid, () =>
      runAll(server.url, server.ca, quiet, () => true, monotonicMs),
    );
    const result = {
      database: name,
      verifications: verified,
      syncs: synced,
      residentMb: { started: startedMb, afterLoad: residentMb(server.pid) },
    };
    await server.stop();
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(fleet: number): Promise<void> {
  await loadSodium();
  const results = [await measure("SQLite", undefined, fleet)];
  const cluster = await startCluster();
  try {
    const client = new pg.Client({ connectionString: cluster.url });
    await client.connect();
    await client.query("create database bench");
    await client.end();
    results.push(await measure("PostgreSQL", cluster.url.replace("/postgres?", "/bench?"), fleet));
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
    console.log(
      `  verifications ${v.perSecond}/s, median ${v.medianMs} ms, p99 ${v.p99Ms} ms, ${v.refused} refused, ${v.serverProcessorMs} ms of a processor each`,
    );
    console.log(
      `  syncs         ${s.perSecond}/s, median ${s.medianMs} ms, p99 ${s.p99Ms} ms, ${s.refused} refused, ${s.serverProcessorMs} ms of a processor each`,
    );
    console.log(`  resident      ${mb.started} MB after the start, ${mb.afterLoad} MB after the load`);
  }
  console.log(`\naims: ${aims.verificationsPerSecond}/s, p99 ${aims.p99Ms} ms, ${aims.residentMb} MB`);
  const report = { machine, fleet, busyMachines, aims, results };
  writeFileSync(join(root, "bench/results-server.json"), `${JSON.stringify(report, null, 2)}\n`);
}

await main(Number(process.argv[2] ?? 100_000));
