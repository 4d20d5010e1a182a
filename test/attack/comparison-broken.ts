// The same attacks on the modules that people use today where something breaks: programs killed, power cut, disks full, states
// put back, clocks turned.

import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Running, run } from "../../scripts/parts/program.ts";
import { driveCommand } from "../../scripts/parts/relay.ts";
import { notRun, type Seen } from "./attack.ts";
import { fill, mayMount, smallDisk, unmount } from "./mounts.ts";
import { newPerson, one, type Stage, serve, stateOf, three } from "./rivals.ts";
import { canFakeTime, faketimeLibrary, type Machine, short } from "./machine.ts";
import { newFolder } from "./work-folder.ts";

export async function restoredState(stage: Stage, machine: Machine): Promise<Seen> {
  const person = await newPerson(stage, machine);
  return await three(
    async (who) => {
      const copy = join(newFolder(0o700), "copy");
      if (who === "nightlatch") await machine.agent.stop();
      cpSync(who === "nightlatch" ? machine.agent.state : stateOf(stage, who), copy, { recursive: true });
      if (who === "nightlatch") await machine.agent.start();
      const code = person.at(1);
      const first = await one(machine, who, person.name, code);
      if (who === "nightlatch") {
        await machine.agent.stop();
        machine.putState(copy);
        await machine.agent.start();
      } else {
        rmSync(stateOf(stage, who), { recursive: true, force: true });
        cpSync(copy, stateOf(stage, who), { recursive: true, preserveTimestamps: true });
      }
      return `${first}, then ${await one(machine, who, person.name, code)}`;
    },
    (seen) => seen === "granted, then unavailable",
  );
}

/** Killed at the very call that would put the new state in place. */
export async function killedWhileWriting(stage: Stage): Promise<Seen> {
  const { machine } = stage.site;
  const [person, bystander] = [await newPerson(stage), await newPerson(stage)];
  return await three(
    async (who) => {
      const code = person.at(1);
      if (who === "nightlatch") {
        const inject = "inject=pwrite64:signal=KILL:when=1";
        const strace = new Running([
          "strace",
          "-f",
          "-p",
          String(machine.agent.pid),
          "-e",
          inject,
          "-o",
          "/dev/null",
        ]);
        await strace.says(/attached/);
        await one(machine, who, person.name, code);
        await strace.stop("SIGINT");
        await machine.restart();
      } else {
        const command = driveCommand({
          user: person.name,
          answers: [code],
          confdir: machine.confdir,
          service: who,
        });
        await run(["strace", "-f", "-e", "inject=rename:signal=KILL:when=1", "-o", "/dev/null", ...command]);
      }
      const same = await one(machine, who, person.name, code);
      const twice = await one(machine, who, person.name, code);
      const other = await one(machine, who, bystander.name, bystander.at(1));
      return `the code ${same}, again ${twice}; another user ${other}`;
    },
    (seen) => !/again granted/.test(seen) && seen.endsWith("another user granted"),
  );
}

/**
 * The power goes right after a success. What was not synced by then may be missing from the disk: without any sync call
 * the new bytes, and where a new file took the old one's name and its folder was not synced since, the new name. Then the
 * disk may hold the old file whole, which is put back here. No disk is really cut off: that is what ./scripts/test crash
 * plays, call by call, for ours.
 */
export async function powerCut(stage: Stage): Promise<Seen> {
  const { machine } = stage.site;
  const person = await newPerson(stage);
  const syncs = "trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync,rename,renameat,renameat2";
  return await three(
    async (who) => {
      const code = person.at(1);
      const log = join(newFolder(0o700), "strace");
      const lastIsSynced = () => {
        const calls = readFileSync(log, "utf8").match(/(sync|rename)\w*\([^\n]*= 0$/gm) ?? [];
        return calls.at(-1)?.startsWith("sync") === true;
      };
      if (who === "nightlatch") {
        const strace = new Running(["strace", "-f", "-p", String(machine.agent.pid), "-e", syncs, "-o", log]);
        await strace.says(/attached/);
        const first = await one(machine, who, person.name, code);
        await machine.agent.stop("SIGKILL");
        await strace.end();
        await machine.agent.start();
        const again = await one(machine, who, person.name, code);
        return `${first} after ${lastIsSynced() ? "syncing" : "NO sync"}, then ${again}`;
      }
      const copy = join(newFolder(0o700), "copy");
      cpSync(stateOf(stage, who), copy, { recursive: true, preserveTimestamps: true });
      const command = driveCommand({
        user: person.name,
        answers: [code],
        confdir: machine.confdir,
        service: who,
      });
      const { out } = await run(["strace", "-f", "-e", syncs, "-o", log, ...command]);
      const first = short(/PAM_\w+/.exec(out)?.[0] ?? "none");
      if (!lastIsSynced()) {
        rmSync(stateOf(stage, who), { recursive: true, force: true });
        cpSync(copy, stateOf(stage, who), { recursive: true, preserveTimestamps: true });
      }
      const again = await one(machine, who, person.name, code);
      return `${first} after ${lastIsSynced() ? "syncing" : "a rename not synced"}, then ${again}`;
    },
    (seen) => seen === "granted after syncing, then denied",
  );
}

export async function fullDisk(stage: Stage): Promise<Seen> {
  if (!mayMount) return notRun("no private mount namespace here");
  const { site, rivals } = stage;
  const machine = await site.anotherMachine();
  const disk = machine.agent.state;
  await machine.agent.stop();
  const kept = machine.copyState();
  await smallDisk(disk, "4m");
  const rivalDisk = newFolder(0o700);
  await smallDisk(rivalDisk, "1m");
  try {
    await run(["cp", "-a", `${kept}/.`, disk]);
    await machine.agent.start();
    const person = await newPerson(stage, machine);
    await run(["cp", "-a", `${rivals}/.`, rivalDisk]);
    serve(machine.confdir, rivalDisk);
    fill(disk);
    fill(rivalDisk);
    return await three(
      async (who) => {
        const code = person.at(1);
        const wrong = await one(machine, who, person.name, person.wrong());
        const full = [await one(machine, who, person.name, code), await one(machine, who, person.name, code)];
        for (const place of [disk, rivalDisk])
          if (who === "oath")
            for (const name of readdirSync(place)) if (name.startsWith("filler-")) rmSync(join(place, name));
        return `wrong ${wrong}, right ${full.join(", again ")}`;
      },
      (seen) => !/granted/.test(seen),
    );
  } finally {
    await machine.agent.stop();
    await unmount(disk);
    await unmount(rivalDisk);
  }
}

/** A code used an hour ago, a newer one since, then the clock set back by an hour. */
export async function clockBack(stage: Stage): Promise<Seen> {
  if (!canFakeTime || !mayMount) return notRun("no faketime or no private namespace");
  const { site } = stage;
  const machine = await site.anotherMachine({ clock: true });
  const person = await newPerson(stage, machine);
  serve(machine.confdir, stage.rivals);
  const seen = await three(
    async (who) => {
      const at = async (seconds: number, code: string) => {
        if (who === "nightlatch") {
          await machine.reboot(seconds);
          return await one(machine, who, person.name, code);
        }
        const clock = `${seconds < 0 ? "" : "+"}${seconds}`;
        const environment = [
          `LD_PRELOAD=${faketimeLibrary}`,
          `FAKETIME=${clock}`,
          "FAKETIME_DONT_FAKE_MONOTONIC=1",
        ];
        const command = driveCommand({
          user: person.name,
          answers: [code],
          confdir: machine.confdir,
          service: who,
        });
        const { out } = await run(["env", ...environment, ...command]);
        return short(/PAM_\w+/.exec(out)?.[0] ?? "none");
      };
      const early = person.atMs(Date.now() + 60_000);
      const late = person.atMs(Date.now() + 3_660_000);
      return [await at(60, early), await at(3_660, late), await at(60, early)].join(", then ");
    },
    (text) => text === "granted, then granted, then unavailable",
  );
  await machine.agent.stop();
  return seen;
}
