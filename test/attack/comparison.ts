// The same attacks on the modules that people use today, in the same run, through the same libpam and driver, with the
// same seeds and codes. They stand alone on a machine, so ours is offline for all of this.

import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Running, run } from "../../scripts/parts/program.ts";
import { driveCommand, writeService } from "../../scripts/parts/relay.ts";
import { fromBase32 } from "../../words/base32.ts";
import { group, notRun, type Seen } from "./attack.ts";
import { fill, mayMount, smallDisk, unmount } from "./mounts.ts";
import { canFakeTime, faketimeLibrary, type Machine, newFolder, type Person, Site, short } from "./site.ts";
import { softwareTpm } from "./software-tpm.ts";

const contestants = ["nightlatch", "google", "oath"] as const;
type Contestant = (typeof contestants)[number];

interface Stage {
  readonly site: Site;
  readonly rivals: string;
}

/** The strictest that each offers and that an honest admin would choose: no reuse, a limit, the smallest window. */
function addRival(rivals: string, person: Person): void {
  // What a kill left of pam_oath refuses everybody from then on; each attack begins without it.
  for (const left of ["oath.lock", "oath.new"]) rmSync(join(rivals, left), { force: true });
  const google = `${person.secret}\n" RATE_LIMIT 3 30\n" WINDOW_SIZE 3\n" DISALLOW_REUSE\n" TOTP_AUTH\n`;
  writeFileSync(join(rivals, "google", person.name), google, { mode: 0o400 });
  const seed = Buffer.from(fromBase32(person.secret) ?? []).toString("hex");
  writeFileSync(join(rivals, "oath"), `HOTP/T30/6 ${person.name} - ${seed}\n`, { mode: 0o600, flag: "a" });
}

function serve(confdir: string, rivals: string): void {
  const google = `auth required pam_google_authenticator.so user=root secret=${rivals}/google/\${USER}\n`;
  writeService(confdir, "google", google);
  writeService(confdir, "oath", `auth required pam_oath.so usersfile=${rivals}/oath window=2 digits=6\n`);
}

async function newPerson({ site, rivals }: Stage, machine: Machine = site.machine): Promise<Person> {
  site.line.weather = {};
  await machine.sync();
  const person = await site.person();
  await site.enrol(person, machine);
  site.offline();
  addRival(rivals, person);
  return person;
}

const serviceOf = (who: Contestant) => (who === "nightlatch" ? "login" : who);
const one = (machine: Machine, who: Contestant, user: string, code: string) =>
  machine.result(user, code, serviceOf(who));

async function atOnce(
  machine: Machine,
  who: Contestant,
  signIns: readonly { user: string; code: string }[],
): Promise<string[]> {
  const relays = signIns.map(({ user }) => {
    const [drive = "", ...rest] = driveCommand({
      user,
      answers: [],
      confdir: machine.confdir,
      service: serviceOf(who),
    });
    return new Running([drive, "--rounds", "1", ...rest]);
  });
  for (const [at, relay] of relays.entries()) relay.write(`${signIns[at]?.code}\n`);
  for (const relay of relays) relay.closeInput();
  await Promise.all(relays.map((relay) => relay.end()));
  return relays.map((relay) => short(/PAM_\w+/.exec(relay.said)?.[0] ?? "none"));
}

const grants = (seen: readonly string[]) => seen.filter((word) => word === "granted").length;

async function three(
  act: (who: Contestant) => Promise<string>,
  holds: (nightlatch: string) => boolean,
): Promise<Seen> {
  const seen: Record<Contestant, string> = { nightlatch: "", google: "", oath: "" };
  for (const who of contestants) seen[who] = await act(who);
  const { nightlatch, google, oath } = seen;
  return { verdict: holds(nightlatch) ? "holds" : "BROKEN", seen: nightlatch, beside: { google, oath } };
}

async function replayed(stage: Stage, processes: number, rounds: number): Promise<Seen> {
  const people: Person[] = [];
  for (let round = 0; round < rounds; round++) people.push(await newPerson(stage));
  return await three(
    async (who) => {
      const counts: number[] = [];
      for (const person of people) {
        const signIns = Array.from({ length: processes }, () => ({ user: person.name, code: person.at(1) }));
        // What another contestant has spent is not spent here: each has its own state.
        counts.push(grants(await atOnce(stage.site.machine, who, signIns)));
      }
      const often = counts.filter((count) => count > 1).length;
      return `more than once in ${often} of ${rounds} rounds, at most ${Math.max(...counts)} times`;
    },
    (seen) => seen.startsWith("more than once in 0"),
  );
}

/** The state of a contestant as a file or folder that can be copied and put back. */
const stateOf = ({ rivals }: Stage, who: Exclude<Contestant, "nightlatch">) => join(rivals, who);

async function restoredState(stage: Stage, machine: Machine): Promise<Seen> {
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
async function killedWhileWriting(stage: Stage): Promise<Seen> {
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
async function powerCut(stage: Stage): Promise<Seen> {
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

async function fullDisk(stage: Stage): Promise<Seen> {
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
async function clockBack(stage: Stage): Promise<Seen> {
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

export const comparison = group<Stage>({
  promise: 2,
  title: "side by side with pam_google_authenticator and pam_oath",
  async open() {
    const modules = ["pam_google_authenticator.so", "pam_oath.so"];
    const folders = [
      "/usr/lib/x86_64-linux-gnu/security",
      "/usr/lib/aarch64-linux-gnu/security",
      "/lib/security",
    ];
    for (const name of modules)
      if (!folders.some((folder) => existsSync(join(folder, name))))
        throw new Error(`${name} is not installed`);
    const site = await Site.build({ policy: ["lockout.failures=5"] });
    const rivals = newFolder(0o700);
    await run(["mkdir", "-m", "700", join(rivals, "google")]);
    serve(site.machine.confdir, rivals);
    return { site, rivals };
  },
  close: ({ site }) => site.leave(),
  attacks: [
    {
      name: "the same code twice, one after the other",
      expected: "granted, then denied",
      quick: true,
      async run(stage) {
        const person = await newPerson(stage);
        const { machine } = stage.site;
        return await three(
          async (who) => {
            const code = person.at(1);
            return `${await one(machine, who, person.name, code)}, then ${await one(machine, who, person.name, code)}`;
          },
          (seen) => seen === "granted, then denied",
        );
      },
    },
    {
      name: "the same code by 16 processes at once",
      expected: "once",
      run: (stage) => replayed(stage, 16, 10),
    },
    {
      name: "the same code by 64 processes at once",
      expected: "once",
      quick: true,
      run: (stage) => replayed(stage, 64, 5),
    },
    {
      name: "kill -9 of the program at the moment of success, then the same code",
      expected: "denied",
      async run(stage) {
        const { machine } = stage.site;
        const person = await newPerson(stage);
        return await three(
          async (who) => {
            const [drive = "", ...rest] = driveCommand({
              user: person.name,
              answers: [person.at(1)],
              confdir: machine.confdir,
              service: serviceOf(who),
            });
            const relay = new Running([drive, ...rest]);
            await relay.says(/result/).catch(() => undefined);
            await relay.stop("SIGKILL");
            if (who === "nightlatch") {
              await machine.agent.stop("SIGKILL");
              await machine.agent.start();
            }
            const first = short(/PAM_\w+/.exec(relay.said)?.[0] ?? "none");
            return `${first}, then ${await one(machine, who, person.name, person.at(1))}`;
          },
          (seen) => seen === "granted, then denied",
        );
      },
    },
    {
      name: "kill -9 while the state is written",
      expected: "the code at most once, others not hindered",
      run: killedWhileWriting,
    },
    {
      name: "the power cut right after success: what was not synced is gone",
      expected: "granted after syncing, then denied",
      quick: true,
      run: powerCut,
    },
    {
      name: "48 users with good codes at the same moment",
      expected: "all granted",
      async run(stage) {
        const people: Person[] = [];
        for (let at = 0; at < 48; at++) people.push(await newPerson(stage));
        return await three(
          async (who) => {
            const signIns = people.map((person) => ({ user: person.name, code: person.at(1) }));
            const seen = await atOnce(stage.site.machine, who, signIns);
            return `${grants(seen)} of 48 granted`;
          },
          (seen) => seen.startsWith("48 "),
        );
      },
    },
    {
      name: "30 wrong codes, then the right one",
      expected: "locked",
      async run(stage) {
        const person = await newPerson(stage);
        const { machine } = stage.site;
        return await three(
          async (who) => {
            for (let at = 0; at < 30; at++) await one(machine, who, person.name, person.wrong(at));
            return `then ${await one(machine, who, person.name, person.at(1))}`;
          },
          (seen) => seen === "then locked",
        );
      },
    },
    { name: "disk full", expected: "nobody", quick: true, run: fullDisk },
    {
      name: "an old copy of the state put back (ours: a TPM in software)",
      expected: "granted, then unavailable",
      async run(stage) {
        const { tpm, socket } = await softwareTpm();
        const machine = await stage.site.anotherMachine({
          protector: "tpm2",
          machineLines: [`tpm_device = "swtpm:${socket}"`],
        });
        serve(machine.confdir, stage.rivals);
        const seen = await restoredState(stage, machine);
        await machine.agent.stop();
        await tpm.stop();
        return seen;
      },
    },
    {
      name: "the clock set back to the time of a code that was used",
      expected: "granted, then granted, then unavailable",
      run: clockBack,
    },
    {
      name: "the state unreadable or garbage, a wrong code and a right one",
      expected: "nobody",
      async run(stage) {
        const machine = await stage.site.anotherMachine();
        const person = await newPerson(stage, machine);
        serve(machine.confdir, stage.rivals);
        const seen = await three(
          async (who) => {
            if (who === "nightlatch") {
              await machine.agent.stop();
              writeFileSync(join(machine.agent.state, "state.db"), Buffer.alloc(9_000, 7));
              await machine.agent.start();
            } else {
              const file =
                who === "google" ? join(stage.rivals, "google", person.name) : join(stage.rivals, "oath");
              rmSync(file, { force: true });
              writeFileSync(file, Buffer.alloc(300, 7), { mode: 0o600 });
            }
            await sleep(10);
            const wrong = await one(machine, who, person.name, person.wrong());
            return `wrong ${wrong}, right ${await one(machine, who, person.name, person.at(1))}`;
          },
          (text) => !text.includes("granted"),
        );
        await machine.agent.stop();
        return seen;
      },
    },
  ],
});
