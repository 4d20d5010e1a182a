// Promise 1 on the machine itself: agent gone or dying, disk full or broken, state and configuration damaged.

import { chmodSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Running, run, succeed } from "../../scripts/parts/program.ts";
import { driveCommand, signIn } from "../../scripts/parts/relay.ts";
import { check, group, notRun, type Seen } from "./attack.ts";
import { fill, mayMount, smallDisk, unmount } from "./mounts.ts";
import { programs } from "./programs.ts";
import { type Machine, Site, short, spendingOnly } from "./site.ts";

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

/** The agent must not start, must say why, and nobody gets in. */
async function withConfig(site: Site, change: (path: string, text: string) => void): Promise<Seen> {
  const { machine } = site;
  const user = await site.enrolled();
  await machine.agent.stop();
  const path = machine.agent.config;
  const text = readFileSync(path, "utf8");
  change(path, text);
  const started = await run([programs.agent, "--config", path], { withinMs: 5_000 });
  const seen = [
    await machine.result(user.name, user.wrong()),
    await machine.result(user.name, await user.next()),
  ];
  rmSync(path, { force: true, recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  await machine.agent.start();
  const told = started.err.trim().split("\n")[0]?.replace(path, "CONFIG") ?? "";
  const holds = started.status === 78 && told !== "" && seen.every((word) => word === "unavailable");
  return check(holds, `exit ${started.status}: ${told.slice(0, 110)}; sign-ins ${seen.join(", ")}`);
}

/** The state is broken while the agent is stopped. */
async function withState(site: Site, damage: (folder: string) => void): Promise<Seen> {
  const machine = await site.anotherMachine();
  const user = await site.person();
  await site.enrol(user, machine);
  site.offline();
  await machine.agent.stop();
  damage(machine.agent.state);
  await machine.agent.start();
  const begun = performance.now();
  const seen = [
    await machine.result(user.name, user.wrong()),
    await machine.result(user.name, await user.next()),
  ];
  const { state } = await machine.status();
  await machine.agent.stop();
  await site.online();
  const tookMs = performance.now() - begun;
  const holds = seen.every((word) => word === "unavailable") && state === "damaged" && tookMs < 2_800;
  return check(
    holds,
    `wrong and right: ${seen.join(", ")}; state ${state}; both in ${Math.round(tookMs)} ms`,
  );
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
      name: "database overwritten with noise",
      expected: "unavailable, said as damaged, never taken for empty",
      quick: true,
      run: (site) =>
        withState(site, (folder) => writeFileSync(join(folder, "state.db"), Buffer.alloc(65_536, 0xa5))),
    },
    {
      name: "database cut in half",
      expected: "unavailable, said as damaged",
      run: (site) =>
        withState(site, (folder) => {
          const path = join(folder, "state.db");
          truncateSync(path, readFileSync(path).length >> 1);
          rmSync(`${path}-wal`, { force: true });
        }),
    },
    {
      name: "database empty",
      expected: "unavailable, said as damaged",
      run: (site) =>
        withState(site, (folder) => {
          truncateSync(join(folder, "state.db"), 0);
          rmSync(join(folder, "state.db-wal"), { force: true });
        }),
    },
    {
      name: "one bit flipped in every page of the database",
      expected: "unavailable, said as damaged",
      run: (site) =>
        withState(site, (folder) => {
          const path = join(folder, "state.db");
          const bytes = readFileSync(path);
          for (let at = 2_048; at < bytes.length; at += 4_096) bytes[at] = (bytes[at] ?? 0) ^ 1;
          for (let at = bytes.length - 100; at > 0; at -= 4_096) bytes[at] = (bytes[at] ?? 0) ^ 1;
          writeFileSync(path, bytes);
        }),
    },
    {
      name: "key file empty",
      expected: "unavailable, said as damaged",
      run: (site) => withState(site, (folder) => truncateSync(join(folder, "machine.key"), 0)),
    },
    {
      name: "configuration cut in the middle of a word",
      expected: "the agent refuses to start (78) and says why",
      quick: true,
      run: (site) =>
        withConfig(site, (path, text) => writeFileSync(path, text.slice(0, text.indexOf("timeout_ms") + 5))),
    },
    {
      name: "configuration with a misspelt key",
      expected: "the agent refuses to start (78) and says why",
      run: (site) =>
        withConfig(site, (path, text) => writeFileSync(path, text.replace("protector", "protecter"))),
    },
    {
      name: "configuration missing",
      expected: "the agent refuses to start (78) and says why",
      run: (site) => withConfig(site, (path) => rmSync(path)),
    },
    {
      name: "configuration writable by everybody",
      expected: "the agent refuses to start (78) and says why",
      run: (site) => withConfig(site, (path) => chmodSync(path, 0o666)),
    },
    {
      name: "configuration of binary noise",
      expected: "the agent refuses to start (78) and says why",
      run: (site) => withConfig(site, (path) => writeFileSync(path, Buffer.alloc(512, 0xff))),
    },
    {
      name: "configuration empty: defaults, which name no server and another state",
      expected: "no success",
      async run(site) {
        const user = await site.enrolled();
        const { machine } = site;
        await machine.agent.stop();
        const text = readFileSync(machine.agent.config, "utf8");
        writeFileSync(machine.agent.config, "");
        const started = await run([programs.agent, "--check", "--config", machine.agent.config]);
        const seen = await signIn({
          user: user.name,
          answers: [await user.next()],
          confdir: machine.confdir,
        });
        writeFileSync(machine.agent.config, text);
        await machine.agent.start();
        const result = short(seen.result);
        return check(result === "unavailable", `--check ends with ${started.status}; sign-in ${result}`);
      },
    },
    {
      name: "a server address of plain http",
      expected: "the agent refuses to start (78) and says why",
      run: (site) =>
        withConfig(site, (path, text) => writeFileSync(path, text.replace('url = "https:', 'url = "http:'))),
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
