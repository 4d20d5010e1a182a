// Promise 1 on the machine itself: agent gone or dying, disk full or broken.

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Running, succeed } from "../../scripts/parts/program.ts";
import { driveCommand } from "../../scripts/parts/relay.ts";
import { check, group, notRun, type Seen } from "./attack.ts";
import { fill, mayMount, smallDisk, unmount } from "./mounts.ts";
import { type Machine, short } from "./machine.ts";
import { Site, spendingOnly } from "./site.ts";

/** A refusal of any sort; what must never be seen is a grant. */
const refusals = new Set(["denied", "unavailable", "locked"]);

/** Wrong and right code while something is broken, and both again when it is repaired. */
async function broken(
  site: Site,
  machine: Machine,
  user: { name: string; wrong(): string; next(): Promise<string> },
  repair: () => Promise<void>,
  /** What was written when it was reported as not written may have spent the code: safe, and the next one is good. */
  mayBeSpent = false,
): Promise<Seen> {
  const wrong = await machine.signIn(user.name, user.wrong());
  const code = await user.next();
  const right = await machine.signIn(user.name, code);
  await repair();
  const sameAgain = await machine.result(user.name, code);
  const after =
    sameAgain === "denied" && mayBeSpent ? await machine.result(user.name, await user.next()) : sameAgain;
  const { state } = await machine.status();
  const longestMs = Math.max(wrong.tookMs, right.tookMs);
  const holds = refusals.has(short(wrong.result)) && refusals.has(short(right.result)) && state === "healthy";
  const said = `wrong ${short(wrong.result)}, right ${short(right.result)}; repaired: same code ${sameAgain}${after === sameAgain ? "" : `, next ${after}`}, state ${state}`;
  await site.online(machine);
  return check(holds && after === "granted" && longestMs < 2_800, said, longestMs);
}

/** The whole state folder on a disk of 4 MB. */
async function onSmallDisk(
  site: Site,
  act: (machine: Machine, user: Awaited<ReturnType<Site["person"]>>) => Promise<Seen>,
) {
  if (!mayMount) return notRun("no private mount namespace here");
  const machine = await site.anotherMachine();
  const user = await site.person();
  const disk = machine.agent.state;
  await machine.agent.stop();
  const kept = machine.copyState();
  await smallDisk(disk, "4m");
  try {
    await succeed(["cp", "-a", `${kept}/.`, disk]);
    await machine.agent.start();
    await site.enrol(user, machine);
    site.offline();
    return await act(machine, user);
  } finally {
    await machine.agent.stop();
    await unmount(disk);
    await site.online();
  }
}

async function underStrace(site: Site, inject: string): Promise<Seen> {
  const user = await site.enrolledThenOffline();
  const { pid } = site.machine.agent;
  const strace = new Running([
    "strace",
    "-f",
    "-p",
    String(pid),
    "-e",
    `inject=${inject}`,
    "-o",
    "/dev/null",
  ]);
  await strace.says(/attached/).catch(() => undefined);
  try {
    return await broken(
      site,
      site.machine,
      user,
      async () => {
        await strace.stop("SIGINT");
        await site.machine.restart();
      },
      true,
    );
  } finally {
    await strace.stop("SIGINT");
  }
}

/** While it asks for the code the agent is struck. */
async function mid(
  site: Site,
  code: (user: { wrong(): string; next(): Promise<string> }) => Promise<string>,
  signal: NodeJS.Signals,
) {
  const user = await site.enrolledThenOffline();
  const { machine } = site;
  const [drive = "", ...rest] = driveCommand({
    user: user.name,
    answers: [await code(user)],
    confdir: machine.confdir,
  });
  const begun = performance.now();
  const relay = new Running([drive, "--delay", "400", ...rest]);
  await relay.says(/ask hidden/);
  process.kill(machine.agent.pid, signal);
  await relay.end();
  const tookMs = performance.now() - begun;
  if (signal === "SIGSTOP") process.kill(machine.agent.pid, "SIGCONT");
  await machine.restart();
  const result = short(/PAM_\w+/.exec(relay.said)?.[0] ?? "none");
  return check(refusals.has(result), `${result} after ${(tookMs / 1000).toFixed(1)} s`);
}

export const local = group({
  promise: 1,
  title: "no error is a success: the machine",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "the agent is stopped",
      expected: "unavailable, wrong and right",
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        await site.machine.agent.stop();
        const seen = [
          await site.machine.result(user.name, user.wrong()),
          await site.machine.result(user.name, await user.next()),
        ];
        await site.machine.agent.start();
        return check(
          seen.every((word) => word === "unavailable"),
          seen.join(", "),
        );
      },
    },
    {
      name: "kill -9 of the agent while it waits for the code (wrong)",
      expected: "no success",
      quick: true,
      run: (site) => mid(site, async (user) => user.wrong(), "SIGKILL"),
    },
    {
      name: "kill -9 of the agent while it waits for the code (right)",
      expected: "no success",
      run: (site) => mid(site, (user) => user.next(), "SIGKILL"),
    },
    {
      name: "the agent is frozen while it waits for the code",
      expected: "no success, the relay gives up after 10 s",
      run: (site) => mid(site, (user) => user.next(), "SIGSTOP"),
    },
    {
      name: "not enrolled, server out of reach",
      expected: "unavailable, wrong and right",
      quick: true,
      async run(site) {
        await site.online();
        const user = await site.person();
        site.offline();
        const seen = [
          await site.machine.result(user.name, user.wrong()),
          await site.machine.result(user.name, await user.next()),
        ];
        await site.online();
        return check(
          seen.every((word) => word === "unavailable"),
          seen.join(", "),
        );
      },
    },
    {
      name: "disk full",
      expected: "no success; when there is room again: as before, nobody locked out",
      quick: true,
      run: (site) =>
        onSmallDisk(site, (machine, user) => {
          fill(machine.agent.state);
          return broken(site, machine, user, async () => {
            for (const name of readdirSync(machine.agent.state))
              if (name.startsWith("filler-")) rmSync(join(machine.agent.state, name));
          });
        }),
    },
    {
      name: "read-only file system",
      expected: "no success; writable again: as before",
      run: (site) =>
        onSmallDisk(site, async (machine, user) => {
          await machine.agent.stop();
          await succeed(["mount", "-o", "remount,ro", machine.agent.state]);
          await machine.agent.start();
          return await broken(site, machine, user, async () => {
            await machine.agent.stop();
            await succeed(["mount", "-o", "remount,rw", machine.agent.state]);
            await machine.agent.start();
          });
        }),
    },
    {
      name: "every fsync fails (EIO)",
      expected: "no success; repaired: as before",
      run: (site) => underStrace(site, "fsync,fdatasync:error=EIO"),
    },
    {
      name: "every write to the state fails (ENOSPC)",
      expected: "no success; repaired: as before",
      run: (site) => underStrace(site, "pwrite64:error=ENOSPC"),
    },
    {
      name: "a hundred starts and sign-ins at the same moment",
      expected: "no success with a wrong code, whatever the state of the start",
      async run(site) {
        const user = await site.enrolledThenOffline();
        const seen: string[] = [];
        for (let round = 0; round < 5; round++) {
          await site.machine.agent.stop("SIGKILL");
          site.machine.agent.launch();
          for (let tries = 0; tries < 20; tries++) {
            seen.push(await site.machine.result(user.name, user.wrong(tries)));
            await sleep(5);
          }
          await site.machine.restart();
        }
        return check(
          seen.every((word) => refusals.has(word)),
          `${seen.length} sign-ins, ${seen.filter((word) => word === "granted").length} granted`,
        );
      },
    },
  ],
});
