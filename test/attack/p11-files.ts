// Promise 11: files and folders that others could have changed are refused.

import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { run, succeed } from "../../scripts/parts/program.ts";
import { cannotRun, check, group, type Seen } from "./attack.ts";
import { programs } from "./programs.ts";
import type { Machine } from "./machine.ts";
import { Site, spendingOnly } from "./site.ts";
import { newFolder } from "./work-folder.ts";

/** Something is wrong with a file while the agent is off; nobody may get in, and it must be said. */
async function tampered(site: Site, change: (machine: Machine) => void): Promise<Seen> {
  const machine = await site.anotherMachine();
  const user = await site.person();
  await site.enrol(user, machine);
  site.offline();
  await machine.agent.stop();
  change(machine);
  const ran = await run([programs.agent, "--check", "--config", machine.agent.config], { withinMs: 5_000 });
  const started = await machine.agent.start().then(
    () => true,
    () => false,
  );
  const seen = await machine.result(user.name, await user.next());
  const told = started
    ? (await machine.status()).state
    : `did not start: ${machine.agent.said.trim().slice(0, 90)}`;
  await machine.agent.stop();
  const refused = seen === "unavailable" && (told === "damaged" || !started);
  return check(refused, `${seen}; ${ran.status === 78 ? "--check refuses; " : ""}${told}`);
}

export const files = group({
  promise: 11,
  title: "files and installs are safe",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "the state folder is a symbolic link",
      expected: "refused",
      quick: true,
      run: (site) =>
        tampered(site, ({ agent }) => {
          renameSync(agent.state, `${agent.state}-real`);
          symlinkSync(`${agent.state}-real`, agent.state);
        }),
    },
    {
      name: "the state folder is open to others",
      expected: "refused",
      run: (site) => tampered(site, ({ agent }) => chmodSync(agent.state, 0o755)),
    },
    {
      name: "the state folder belongs to another account",
      expected: "refused",
      quick: true,
      run: (site) => tampered(site, ({ agent }) => chownSync(agent.state, 1, 1)),
    },
    {
      name: "the key file is readable by others",
      expected: "refused",
      run: (site) => tampered(site, ({ agent }) => chmodSync(join(agent.state, "machine.key"), 0o644)),
    },
    {
      name: "the key file has a second name (hard link)",
      expected: "refused",
      run: (site) =>
        tampered(site, ({ agent }) =>
          linkSync(join(agent.state, "machine.key"), join(dirname(agent.state), "kept.key")),
        ),
    },
    {
      name: "the key file is a symbolic link",
      expected: "refused",
      run: (site) =>
        tampered(site, ({ agent }) => {
          renameSync(join(agent.state, "machine.key"), join(agent.state, "elsewhere"));
          symlinkSync(join(agent.state, "elsewhere"), join(agent.state, "machine.key"));
        }),
    },
    {
      name: "the key file belongs to another account",
      expected: "refused",
      run: (site) => tampered(site, ({ agent }) => chownSync(join(agent.state, "machine.key"), 1, 1)),
    },
    {
      name: "the configuration belongs to another account",
      expected: "refused",
      quick: true,
      run: (site) => tampered(site, ({ agent }) => chownSync(agent.config, 1, 1)),
    },
    {
      name: "the configuration is writable by its group",
      expected: "refused",
      run: (site) => tampered(site, ({ agent }) => chmodSync(agent.config, 0o664)),
    },
    {
      name: "the configuration lies in a folder that others may write to",
      expected: "refused",
      run: (site) =>
        tampered(site, ({ folder }) => {
          chmodSync(folder, 0o777);
        }),
    },
    {
      name: "the configuration is a link into another account's folder",
      expected: "refused",
      run: (site) =>
        tampered(site, ({ agent }) => {
          const evil = newFolder(0o755);
          chownSync(evil, 1, 1);
          renameSync(agent.config, join(evil, "toml"));
          symlinkSync(join(evil, "toml"), agent.config);
        }),
    },
    {
      name: "the socket's folder is writable by others",
      expected: "refused",
      run: (site) => tampered(site, ({ agent }) => chmodSync(dirname(agent.dialogueSocket), 0o777)),
    },
    {
      name: "the server's data folder is open, a link, or another account's; its key is readable",
      expected: "the server refuses, each",
      async run() {
        const seen: string[] = [];
        const changes: ((data: string) => void)[] = [
          (data) => chmodSync(data, 0o755),
          (data) => chownSync(data, 1, 1),
          (data) => chmodSync(join(data, "server.key"), 0o644),
          (data) => {
            renameSync(data, `${data}-real`);
            symlinkSync(`${data}-real`, data);
          },
          (data) => {
            rmSync(join(data, "server.key"));
          },
          (data) => {
            rmSync(join(data, "nightlatch.db"));
            mkdirSync(join(data, "nightlatch.db"));
          },
          (data) => writeFileSync(join(data, "server.key"), "{}"),
        ];
        for (const change of changes) {
          const data = join(newFolder(0o700), "data");
          await succeed([programs.server, "--data", data, "init"]);
          change(data);
          const ran = await run([programs.server, "--data", data, "user", "list"]);
          seen.push(ran.status === 0 ? "ACCEPTED" : "refused");
        }
        return check(
          seen.every((word) => word === "refused"),
          seen.join(", "),
        );
      },
    },
    cannotRun("every installed file's mode walked as a plain user", "belongs to the packages' own tests"),
  ],
});
