// The same attacks on the modules that people use today, in the same run, through the same libpam and driver, with the
// same seeds and codes.

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Running, run } from "../../scripts/parts/program.ts";
import { driveCommand } from "../../scripts/parts/relay.ts";
import { group, type Seen } from "./attack.ts";
import { clockBack, fullDisk, killedWhileWriting, powerCut, restoredState } from "./comparison-broken.ts";
import { atOnce, grants, newPerson, one, type Stage, serve, serviceOf, three } from "./rivals.ts";
import { short } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site } from "./site.ts";
import { newFolder } from "./work-folder.ts";
import { softwareTpm } from "./software-tpm.ts";

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
