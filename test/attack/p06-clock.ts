// Promise 6: the clock is not a key. The agent's wall clock is set by libfaketime while it runs, its boot id and boot clock
// by namespaces; nothing else of the machine is touched.

import { setTimeout as sleep } from "node:timers/promises";
import { Running } from "../../scripts/parts/program.ts";
import { driveCommand } from "../../scripts/parts/relay.ts";
import { cannotRun, check, type Group, group } from "./attack.ts";
import { mayMount } from "./mounts.ts";
import { canFakeTime, type Machine, short } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site, wideWindow } from "./site.ts";

const day = 86_400;
const year = 365 * day;
const policy = [...wideWindow, "offline.days=2", "lockout.failures=0", "guessLimit=10000"];

/** The code that an app would show if the machine's clock were right. */
const codeOfItsTime = (user: Person, seconds: number) => user.atMs(Date.now() + seconds * 1000);

async function enrolledOn(site: Site): Promise<{ machine: Machine; user: Person }> {
  const machine = await site.anotherMachine({ clock: true });
  const user = await site.person();
  await site.enrol(user, machine);
  site.offline();
  return { machine, user };
}

async function sameBoot(site: Site, seconds: number) {
  const { machine, user } = await enrolledOn(site);
  machine.setClock(seconds);
  const ofItsTime = await machine.result(user.name, codeOfItsTime(user, seconds));
  const ofTrueTime = await machine.result(user.name, await user.next());
  const [enrolment] = (await machine.status()).enrolments;
  await machine.agent.stop();
  const holds = ofItsTime === "denied" && ofTrueTime === "granted" && enrolment?.daysLeft === 2;
  return check(
    holds,
    `code of the clock's time ${ofItsTime}, of the true time ${ofTrueTime}, ${enrolment?.daysLeft} days left`,
  );
}

const canSetClocks = canFakeTime && mayMount;
const attacks = [
  {
    name: "the clock back a year, machine running",
    expected: "the server's time goes on: no old code, no day gained",
    quick: true as const,
    run: (site: Site) => sameBoot(site, -year),
  },
  {
    name: "the clock a year forward, machine running",
    expected: "the server's time goes on: no future code, no day lost",
    run: (site: Site) => sameBoot(site, year),
  },
  {
    name: "the clock a year forward, then a restart of the agent in the same boot",
    expected: "the same",
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      machine.setClock(year);
      await machine.restart();
      const future = await machine.result(user.name, codeOfItsTime(user, year));
      const now = await machine.result(user.name, await user.next());
      await machine.agent.stop();
      return check(future === "denied" && now === "granted", `${future}, ${now}`);
    },
  },
  {
    name: "reboot with the clock back a year (RTC reset)",
    expected: "unavailable for any code, until it is set right and synchronised",
    quick: true as const,
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      await machine.reboot(-year);
      const seen = [
        await machine.result(user.name, codeOfItsTime(user, -year)),
        await machine.result(user.name, await user.next()),
      ];
      const { state } = await machine.status();
      // Set right, a sync is enough. That the server is heard in spite of the wrong clock is the next one.
      machine.setClock(0);
      await site.online(machine);
      site.offline();
      const after = await machine.result(user.name, await user.next());
      await machine.agent.stop();
      const holds = seen.every((word) => word === "unavailable") && after === "granted";
      return check(holds, `${seen.join(", ")}, state ${state}; after a sync ${after}`);
    },
  },
  {
    name: "the same with the server in reach, whose certificate is not valid yet by that clock",
    expected: "its signed time is taken: codes of the true time only; nothing else is sent to it",
    quick: true as const,
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      site.line.weather = {};
      const from = site.line.seen.length;
      await machine.reboot(-year);
      const seen = [
        await machine.result(user.name, codeOfItsTime(user, -year)),
        await machine.result(user.name, await user.next()),
      ];
      const sent = new Set(site.line.seen.slice(from).map(({ sent: { path } }) => path));
      const { state, server } = await machine.status();
      await machine.agent.stop();
      const probesOnly = [...sent].every((path) => path === "/v1/probe");
      const holds =
        seen.join() === "denied,granted" && probesOnly && server.lastFailure === "certificate-dated";
      return check(
        holds,
        `${seen.join(", ")}, state ${state}, ${server.lastFailure}; sent: ${[...sent].join(", ")}`,
      );
    },
  },
  {
    name: "the same, and somebody else answers, or an old answer of the server's",
    expected: "no time is taken: unavailable",
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      site.line.weather = {};
      await machine.sync();
      const recorded = site.line.seen.findLast(({ reply }) => reply.status === 200)?.reply;
      if (recorded === undefined) throw new Error("no answer was seen");
      site.offline();
      await machine.reboot(-year);
      const seen: string[] = [];
      for (const reply of [recorded, { status: 200, headers: {}, body: Buffer.from("{}") }]) {
        site.weather = { certificate: "stranger", request: ({ answer }) => answer(reply) };
        seen.push(await machine.result(user.name, codeOfItsTime(user, -year)));
        site.weather = { certificate: "expired", request: ({ answer }) => answer(reply) };
        seen.push(await machine.result(user.name, await user.next()));
      }
      const { state } = await machine.status();
      await machine.agent.stop();
      site.line.weather = {};
      return check(
        seen.every((word) => word === "unavailable") && state === "time-turned-back",
        `${seen.join(", ")}, state ${state}`,
      );
    },
  },
  {
    name: "lease run out, then back to the day of enrolment by a reboot",
    expected: "refused when run out, refused when back",
    quick: true as const,
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      await machine.reboot(3 * day);
      const out = await machine.result(user.name, codeOfItsTime(user, 3 * day));
      await machine.reboot(0);
      const back = await machine.result(user.name, await user.next());
      const backInSteps: string[] = [];
      for (const seconds of [2 * day, day, 60]) {
        await machine.reboot(seconds);
        backInSteps.push(await machine.result(user.name, codeOfItsTime(user, seconds)));
      }
      await machine.agent.stop();
      const all = [out, back, ...backInSteps];
      return check(
        all.every((word) => word === "unavailable"),
        all.join(", "),
      );
    },
  },
  {
    name: "reboot with the clock a year forward",
    expected: "run out: unavailable",
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      await machine.reboot(year);
      const seen = await machine.result(user.name, codeOfItsTime(user, year));
      await machine.agent.stop();
      return check(seen === "unavailable", seen);
    },
  },
  {
    name: "a far jump forward must not poison the machine for ever",
    expected: "after a sync with the true time: granted offline again",
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      await machine.reboot(20 * year);
      await machine.result(user.name, user.wrong());
      await machine.reboot(0);
      await site.online(machine);
      const online = await machine.result(user.name, await user.next());
      site.offline();
      const offline = await machine.result(user.name, await user.next());
      await machine.agent.stop();
      return check(
        online === "granted" && offline === "granted",
        `online ${online}, then offline ${offline}`,
      );
    },
  },
  {
    name: "after a reboot an hour forward and back, the codes of the hour before again",
    expected: "no code of a time that has passed",
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      await machine.reboot(3_600);
      const ahead = await machine.result(user.name, codeOfItsTime(user, 3_600));
      await machine.reboot(0);
      const back = await machine.result(user.name, await user.next());
      await machine.agent.stop();
      return check(ahead !== "granted" || back !== "granted", `an hour ahead ${ahead}, then back ${back}`);
    },
  },
  {
    name: "the clock jumps back a year while the code is being typed, after a reboot",
    expected: "a code of then is not granted",
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      await machine.reboot(10);
      const old = codeOfItsTime(user, -year);
      const [drive = "", ...rest] = driveCommand({
        user: user.name,
        answers: [old],
        confdir: machine.confdir,
      });
      const relay = new Running([drive, "--delay", "700", ...rest]);
      await relay.says(/ask hidden/);
      machine.setClock(-year);
      await relay.end();
      const seen = short(/PAM_\w+/.exec(relay.said)?.[0] ?? "none");
      const then = await machine.result(user.name, codeOfItsTime(user, -year + 30));
      await machine.agent.stop();
      return check(seen !== "granted" && then !== "granted", `${seen}, then ${then}`);
    },
  },
  {
    name: "another time zone",
    expected: "nothing changes",
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      const before = process.env["TZ"];
      process.env["TZ"] = "Pacific/Kiritimati";
      await machine.restart();
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
      const seen = [
        await machine.result(user.name, user.wrong()),
        await machine.result(user.name, await user.next()),
      ];
      await machine.agent.stop();
      return check(seen.join() === "denied,granted", seen.join(", "));
    },
  },
  {
    name: "the clock set to and fro fifty times during wrong guesses",
    expected: "nothing granted; afterwards the right code is",
    async run(site: Site) {
      const { machine, user } = await enrolledOn(site);
      const seen: string[] = [];
      for (let at = 0; at < 50; at++) {
        machine.setClock((at % 2 === 0 ? -1 : 1) * at * day);
        seen.push(
          await machine.result(user.name, codeOfItsTime(user, (at % 2 === 0 ? -1 : 1) * (at + 1) * day)),
        );
      }
      machine.setClock(0);
      await sleep(50);
      const right = await machine.result(user.name, await user.next());
      await machine.agent.stop();
      return check(
        !seen.includes("granted") && right === "granted",
        `${seen.length} guesses; right ${right}`,
      );
    },
  },
];

export const clock: Group = group({
  promise: 6,
  title: "the clock is not a key",
  open: () => Site.build({ policy }),
  close: (site) => site.leave(),
  attacks: [
    ...(canSetClocks
      ? attacks
      : attacks.map(({ name }) => cannotRun(name, "no faketime or no private namespace"))),
    cannotRun("suspension for a week, an RTC without battery", "needs hardware: a container can't suspend"),
  ],
});
