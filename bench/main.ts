// npm run bench: everything is measured in one run, the modules in turns, so that what disturbs one disturbs the other.

import { writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { root } from "../scripts/parts/program.ts";
import { bareStart, idleMemory, memoryOf, startTimes, summary } from "./agent-cost.ts";
import { type Figures, figures, ratio } from "./figures.ts";
import type { Measured } from "./relays.ts";
import { type BenchSite, type BenchUser, buildSite } from "./site.ts";

const aims = { ratio: 1.5, refused: 0, idleResidentMb: 75, readyMs: 150 };
const alone = 150;
const processes = 64;
const crowds = 3;
/** Each user has two codes left after enrolling, without waiting for the clock. */
const codesEach = 2;

const services = ["nightlatch", "google", "permit"] as const;
type Service = (typeof services)[number];
type Samples = Record<Service, Measured[]>;
const noSamples = (): Samples => ({ nightlatch: [], google: [], permit: [] });

/** Turned by one each time, so that no module is always the one that comes after a given other. */
const inTurn = (turn: number): Service[] => services.map((_, at) => services[(at + turn) % 3] ?? "permit");

async function oneProcess(site: BenchSite, users: readonly BenchUser[]): Promise<Samples> {
  const samples = noSamples();
  const relay = await site.relay();
  for (const service of services) await relay.signIn({ service, user: "nobody-yet", answer: "000000" });
  let turn = 0;
  for (let round = 0; round < codesEach; round++) {
    for (const { name, codes } of users) {
      const answer = await codes.next();
      for (const service of inTurn(turn++)) {
        samples[service].push(await relay.signIn({ service, user: name, answer }));
      }
    }
  }
  await relay.stop();
  return samples;
}

async function manyProcesses(site: BenchSite, users: readonly BenchUser[]): Promise<Samples> {
  const samples = noSamples();
  const relays = await Promise.all(Array.from({ length: processes }, () => site.relay()));
  for (let crowd = 0; crowd < crowds; crowd++) {
    const members = users.slice(crowd * processes, (crowd + 1) * processes);
    for (let round = 0; round < codesEach; round++) {
      const answers: string[] = [];
      for (const { codes } of members) answers.push(await codes.next());
      for (const service of inTurn(crowd * codesEach + round)) {
        const all = relays.map((relay, at) =>
          relay.signIn({ service, user: members[at]?.name ?? "", answer: answers[at] ?? "" }),
        );
        samples[service].push(...(await Promise.all(all)));
      }
    }
  }
  for (const relay of relays) await relay.stop();
  return samples;
}

const summarised = (samples: Samples): Record<Service, Figures> => ({
  nightlatch: figures(samples.nightlatch),
  google: figures(samples.google),
  permit: figures(samples.permit),
});

function print(title: string, all: Record<Service, Figures>): void {
  const names = { nightlatch: "pam_nightlatch", google: "pam_google_authenticator", permit: "pam_permit" };
  console.log(`\n${title}`);
  console.log(`  ${"".padEnd(26)}${"median".padStart(10)}${"p99".padStart(10)}${"refused".padStart(10)}`);
  for (const service of services) {
    const { medianMs, p99Ms, refused, samples } = all[service];
    const cells = [`${medianMs.toFixed(2)} ms`, `${p99Ms.toFixed(2)} ms`, `${refused}/${samples}`];
    console.log(`  ${names[service].padEnd(26)}${cells.map((cell) => cell.padStart(10)).join("")}`);
  }
  console.log(`  ratio of medians ${ratio(all.nightlatch, all.google)}`);
}

const loadBefore = Math.round((loadavg()[0] ?? 0) * 10) / 10;
const userCount = alone + crowds * processes;
if (loadBefore > 0.5)
  console.log(`bench: this machine is busy (load ${loadBefore}); the figures will show it`);
console.log(`bench: enrolling ${userCount} users online, then stopping the server`);
const site = await buildSite(userCount);
try {
  // The first sign-in finds out that the server is gone; what is measured is the life after that.
  const single = summarised(await oneProcess(site, site.users.slice(0, alone)));
  print("one process, TOTP, offline", single);
  const crowd = summarised(await manyProcesses(site, site.users.slice(alone)));
  print(`${processes} processes at once, each another user`, crowd);
  const loaded = memoryOf(site.agent.pid);
  const idle = await idleMemory(site.agent, join(root, "dist/nightlatchd"));
  const { accepting, asking } = await startTimes(site.agent, site.users[0]?.name ?? "", 10);
  const start = {
    accepting: summary(accepting),
    firstQuestion: summary(asking),
    bareNode: summary(await bareStart(join(root, "build/programs/node"), 10)),
  };
  const results = {
    machine: {
      processor: cpus()[0]?.model,
      processors: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      /** Of others too: figures taken beside other work are higher than the modules' own. */
      loadBefore,
    },
    oneProcess: { ...single, ratio: ratio(single.nightlatch, single.google) },
    manyProcesses: { processes, ...crowd, ratio: ratio(crowd.nightlatch, crowd.google) },
    memory: { users: userCount, idle, loaded },
    start,
    aims,
  };
  const verdict = (met: boolean) => (met ? "met" : "MISSED");
  console.log(`
the agent, with ${userCount} enrolled users
  resident memory            idle ${idle.residentMb} MB (anonymous ${idle.anonymousMb}), loaded ${loaded.residentMb} MB (anonymous ${loaded.anonymousMb})
  start to accepting         median ${start.accepting.medianMs} ms, worst ${start.accepting.worstMs} ms of ${start.accepting.samples}
  start to first question    median ${start.firstQuestion.medianMs} ms, worst ${start.firstQuestion.worstMs} ms
  a Node.js with nothing to do starts and ends within ${start.bareNode.medianMs} ms

aims
  ratio at most ${aims.ratio}               ${verdict(results.oneProcess.ratio <= aims.ratio)}: ${results.oneProcess.ratio}
  no good code refused       ${verdict(crowd.nightlatch.refused === 0 && single.nightlatch.refused === 0)}: ${crowd.nightlatch.refused + single.nightlatch.refused}
  idle at most ${aims.idleResidentMb} MB         ${verdict(idle.residentMb <= aims.idleResidentMb)}: ${idle.residentMb} MB
  ready within ${aims.readyMs} ms        ${verdict(start.accepting.medianMs <= aims.readyMs)}: ${start.accepting.medianMs} ms`);
  const file = join(root, "bench/results.json");
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(`\nwritten to ${file}`);
} finally {
  await site.leave();
}
