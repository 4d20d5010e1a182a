// Promise 14: a grace period ends: unlocks without a code are counted, in one boot, after a full sign-in of the same user.

import { nightlatchStack } from "../../scripts/parts/relay.ts";
import { cannotRun, check, group } from "./attack.ts";
import { mayMount } from "./mounts.ts";
import { canFakeTime, type Machine } from "./machine.ts";
import { Site, wideWindow } from "./site.ts";

const unlocks = 2;

function withLocker(machine: Machine): Machine {
  machine.service("xscreensaver", nightlatchStack(machine.agent.dialogueSocket));
  return machine;
}

/** No answer is given: whoever is asked does not get in. */
const unlock = (machine: Machine, user: string) => machine.result(user, [], "xscreensaver");

async function signedIn(site: Site) {
  const machine = withLocker(site.machine);
  await site.online();
  const user = await site.enrolled();
  return { machine, user };
}

const attacks = [
  {
    name: "more unlocks without a code than allowed",
    expected: "2 without a code, the third is asked",
    quick: true as const,
    async run(site: Site) {
      const { machine, user } = await signedIn(site);
      site.offline();
      const seen: string[] = [];
      for (let at = 0; at < 4; at++) seen.push(await unlock(machine, user.name));
      const granted = seen.filter((word) => word === "granted").length;
      return check(
        granted === unlocks && seen.slice(unlocks).every((word) => word !== "granted"),
        seen.join(", "),
      );
    },
  },
  {
    name: "16 unlocks at the same moment",
    expected: "2 without a code",
    async run(site: Site) {
      const { machine, user } = await signedIn(site);
      site.offline();
      const seen = await Promise.all(Array.from({ length: 16 }, () => unlock(machine, user.name)));
      const granted = seen.filter((word) => word === "granted").length;
      // Eight dialogues of a user at once; the rest is turned away.
      return check(granted <= unlocks, `${granted} of 16 without a code`);
    },
  },
  {
    name: "after a reboot",
    expected: "asked",
    quick: true as const,
    async run(site: Site) {
      const { machine, user } = await signedIn(site);
      site.offline();
      await machine.reboot();
      const seen = await unlock(machine, user.name);
      return check(seen !== "granted", seen);
    },
  },
  {
    name: "after a restart of the agent, three times",
    expected: "still 2 in all",
    async run(site: Site) {
      const { machine, user } = await signedIn(site);
      site.offline();
      const seen: string[] = [];
      for (let at = 0; at < 4; at++) {
        seen.push(await unlock(machine, user.name));
        await machine.restart();
      }
      return check(seen.filter((word) => word === "granted").length <= unlocks, seen.join(", "));
    },
  },
  {
    name: "another user, after this one's sign-in",
    expected: "asked",
    async run(site: Site) {
      const { machine } = await signedIn(site);
      const other = await site.person();
      const seen = await unlock(machine, other.name);
      site.offline();
      const offline = await unlock(machine, other.name);
      return check(seen !== "granted" && offline !== "granted", `${seen}, offline ${offline}`);
    },
  },
  {
    name: "a logon, sudo or ssh in the grace of an unlock",
    expected: "asked",
    quick: true as const,
    async run(site: Site) {
      const { machine, user } = await signedIn(site);
      const stack = nightlatchStack(machine.agent.dialogueSocket);
      for (const name of ["sudo", "sshd", "gdm-password"]) machine.service(name, stack);
      site.offline();
      const seen: string[] = [];
      for (const service of ["login", "sudo", "sshd", "gdm-password"])
        seen.push(await machine.result(user.name, [], service));
      return check(!seen.includes("granted"), seen.join(", "));
    },
  },
  {
    name: "the clock set back a day after the sign-in",
    expected: "no more unlocks than allowed",
    async run(site: Site) {
      const { machine, user } = await signedIn(site);
      site.offline();
      const seen: string[] = [];
      for (let at = 0; at < 4; at++) {
        machine.setClock(-86_400 * at);
        seen.push(await unlock(machine, user.name));
      }
      machine.setClock(0);
      return check(seen.filter((word) => word === "granted").length <= unlocks, seen.join(", "));
    },
  },
  {
    name: "a wrong code at an unlock, again and again, to get back unlocks",
    expected: "none comes back without a right code",
    async run(site: Site) {
      const { machine, user } = await signedIn(site);
      site.offline();
      const seen: string[] = [];
      for (let at = 0; at < unlocks; at++) seen.push(await unlock(machine, user.name));
      for (let at = 0; at < 3; at++) {
        seen.push(await machine.result(user.name, user.wrong(at), "xscreensaver"));
        seen.push(await unlock(machine, user.name));
      }
      return check(
        seen.slice(unlocks).every((word) => word !== "granted"),
        seen.join(", "),
      );
    },
  },
];

const canReboot = canFakeTime && mayMount;

export const grace = group({
  promise: 14,
  title: "a grace period ends",
  open: () =>
    Site.build({
      policy: [...wideWindow, `grace.unlocks=${unlocks}`, "grace.minutes=60", "lockout.failures=0"],
      clock: true,
    }),
  close: (site) => site.leave(),
  attacks: [
    ...(canReboot
      ? attacks
      : attacks.map(({ name }) => cannotRun(name, "no faketime or no private namespace"))),
    cannotRun(
      "logout and another network end the grace",
      "not there in this version: docs/threat-model.md says so",
    ),
  ],
});
