// Promise 1 where something was damaged while the agent was stopped: its state, its key, its configuration.

import { chmodSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../scripts/parts/program.ts";
import { signIn } from "../../scripts/parts/relay.ts";
import { check, group, type Seen } from "./attack.ts";
import { programs } from "./programs.ts";
import { short } from "./machine.ts";
import { Site, spendingOnly } from "./site.ts";

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

export const damage = group({
  promise: 1,
  title: "no error is a success: state and configuration",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
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
  ],
});
