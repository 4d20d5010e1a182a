// Promise 2: a code works once.

import { setTimeout as sleep } from "node:timers/promises";
import { hotpCode } from "../../scripts/parts/codes.ts";
import { Running } from "../../scripts/parts/program.ts";
import { driveCommand, nightlatchStack } from "../../scripts/parts/relay.ts";
import type { Provisioned } from "../../scripts/parts/server.ts";
import { converse } from "../system/plain-relay.ts";
import { cannotRun, check, group, knownLimit, tally } from "./attack.ts";
import { type Machine, short } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site, spendingOnly } from "./site.ts";

/** Every process is up and waits for its code before the first gets one. */
async function atOnce(
  machine: Machine,
  processes: number,
  user: string,
  code: string,
  service = "login",
): Promise<string[]> {
  const [drive = "", ...rest] = driveCommand({ user, answers: [], confdir: machine.confdir, service });
  const relays = Array.from({ length: processes }, () => new Running([drive, "--rounds", "1", ...rest]));
  for (const relay of relays) relay.write(`${code}\n`);
  for (const relay of relays) relay.closeInput();
  await Promise.all(relays.map((relay) => relay.end()));
  return relays.map((relay) => short(/PAM_\w+/.exec(relay.said)?.[0] ?? "none"));
}

const grants = (seen: readonly string[]) => seen.filter((word) => word === "granted").length;

async function parallel(site: Site, processes: number, rounds: number, online: boolean) {
  const user = online ? await site.person() : await site.enrolledThenOffline();
  if (online) await site.online();
  const perRound: number[] = [];
  for (let round = 0; round < rounds; round++)
    perRound.push(grants(await atOnce(site.machine, processes, user.name, await user.next())));
  const holds = perRound.every((count) => count === 1);
  return check(holds, `${rounds} rounds, grants a round: ${[...new Set(perRound)].join(", ")}`);
}

async function twice(machine: Machine, user: Person, between: () => Promise<unknown>) {
  const code = await user.next();
  const first = await machine.result(user.name, code);
  await between();
  const second = await machine.result(user.name, code);
  return check(first === "granted" && second === "denied", `${first}, then ${second}`);
}

const once = "granted, then denied";
const nothing = () => Promise.resolve();

export const codesWorkOnce = group({
  promise: 2,
  title: "a code works once",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "the same code again, offline",
      expected: once,
      quick: true,
      run: async (site) => twice(site.machine, await site.enrolledThenOffline(), nothing),
    },
    {
      name: "the same code again, online",
      expected: once,
      quick: true,
      async run(site) {
        const user = await site.person();
        await site.online();
        return await twice(site.machine, user, nothing);
      },
    },
    {
      name: "the same code by two processes at once",
      expected: "one granted in each of 6 rounds",
      run: (site) => parallel(site, 2, 6, false),
    },
    {
      name: "the same code by 16 processes at once",
      expected: "one granted in each of 6 rounds",
      run: (site) => parallel(site, 16, 6, false),
    },
    {
      name: "the same code by 64 processes at once",
      expected: "one granted in each of 3 rounds",
      quick: true,
      run: (site) => parallel(site, 64, 3, false),
    },
    {
      name: "the same code by 64 processes at once, the server judging",
      expected: "one granted in each of 3 rounds",
      run: (site) => parallel(site, 64, 3, true),
    },
    {
      name: "one HOTP code by 64 processes at once",
      expected: "one granted",
      async run(site) {
        await site.online();
        await site.admin("user", "add", "hotp64");
        const { secret } = await site.json<Provisioned>("authenticator", "add", "hotp", "hotp64");
        const first = await site.machine.result("hotp64", await hotpCode(secret, 0));
        site.offline();
        const seen = await atOnce(site.machine, 64, "hotp64", await hotpCode(secret, 1));
        return check(first === "granted" && grants(seen) === 1, tally(seen));
      },
    },
    {
      name: "one code by 64 processes on two machines, online",
      expected: "one granted over both",
      async run(site) {
        await site.online();
        const other = await site.anotherMachine();
        const user = await site.person();
        const code = await user.next();
        const [here, there] = await Promise.all([
          atOnce(site.machine, 32, user.name, code),
          atOnce(other, 32, user.name, code),
        ]);
        const count = grants(here) + grants(there);
        // One machine may have asked while the other's request was under way: both go to the server.
        return check(count === 1, `${grants(here)} here, ${grants(there)} there`);
      },
    },
    {
      name: "again after a restart of the agent",
      expected: once,
      quick: true,
      run: async (site) =>
        twice(site.machine, await site.enrolledThenOffline(), () => site.machine.restart()),
    },
    {
      name: "kill -9 of the agent at the moment of END granted, then again",
      expected: "granted, then denied, 5 rounds",
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const { agent } = site.machine;
        const seen: string[] = [];
        for (let round = 0; round < 5; round++) {
          const code = await user.next();
          const kill = () => void process.kill(agent.pid, "SIGKILL");
          const first = await converse(agent.dialogueSocket, user.name, code, kill);
          await site.machine.restart();
          const second = await converse(agent.dialogueSocket, user.name, code, () => undefined);
          seen.push(`${first.split(" ")[1]}, then ${second.split(" ")[1]}`);
        }
        return check(
          seen.every((word) => word === once),
          tally(seen),
        );
      },
    },
    {
      name: "used online, then again offline",
      expected: once,
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        return await twice(site.machine, user, async () => site.offline());
      },
    },
    {
      name: "used offline, then again online on the same machine",
      expected: once,
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline();
        return await twice(site.machine, user, () => site.online());
      },
    },
    {
      name: "used offline and synchronised, then again on another machine, online",
      expected: once,
      async run(site) {
        const other = await site.anotherMachine();
        const user = await site.enrolledThenOffline();
        const code = await user.next();
        const first = await site.machine.result(user.name, code);
        await site.online();
        const second = await other.result(user.name, code);
        return check(first === "granted" && second === "denied", `${first}, then ${second}`);
      },
    },
    {
      name: "used offline here, then offline on another machine with the same seed",
      expected: "once on each machine (documented), not more",
      async run(site) {
        const other = await site.anotherMachine();
        const user = await site.enrolled();
        await site.enrol(user, other);
        site.offline();
        const code = await user.next();
        const seen = [
          await site.machine.result(user.name, code),
          await other.result(user.name, code),
          await site.machine.result(user.name, code),
          await other.result(user.name, code),
        ];
        await site.online();
        return knownLimit(
          seen.slice(2).every((word) => word === "denied"),
          seen.join(", "),
        );
      },
    },
    {
      name: "an older code after a newer one",
      expected: "denied: earlier steps are spent too",
      async run(site) {
        const user = await site.enrolledThenOffline();
        const seen = [await site.machine.result(user.name, user.at(6))];
        for (const step of [5, 1, 0, -1, -8]) seen.push(await site.machine.result(user.name, user.at(step)));
        return check(grants(seen) === 1 && seen[0] === "granted", seen.join(", "));
      },
    },
    {
      name: "again at the edge of its time step",
      expected: "granted before the edge, denied after it",
      async run(site) {
        await site.online();
        await site.admin("user", "add", "edge");
        const made = await site.json<Provisioned>("authenticator", "add", "totp", "edge", "--period", "10");
        const code = async (step: number) => {
          const { totpCode } = await import("../../scripts/parts/codes.ts");
          return totpCode({ secret: made.secret, periodSeconds: 10 }, step);
        };
        const step = () => Math.floor(Date.now() / 10_000);
        await site.machine.result("edge", await code(step() - 5));
        site.offline();
        await sleep(10_000 - (Date.now() % 10_000) - 700 < 0 ? 9_500 : 10_000 - (Date.now() % 10_000) - 700);
        const at = step();
        const first = await site.machine.result("edge", await code(at));
        while (step() === at) await sleep(10);
        const second = await site.machine.result("edge", await code(at));
        return check(first === "granted" && second === "denied", `${first}, then ${second}`);
      },
    },
    {
      name: "through another service, kind and terminal",
      expected: once,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const { machine } = site;
        const stack = nightlatchStack(machine.agent.dialogueSocket);
        for (const name of ["sshd", "sudo", "su", "xscreensaver"]) machine.service(name, stack);
        const code = await user.next();
        const seen: string[] = [];
        for (const service of ["login", "sshd", "sudo", "su", "xscreensaver"])
          seen.push(await machine.result(user.name, code, service));
        return check(seen[0] === "granted" && grants(seen) === 1, seen.join(", "));
      },
    },
    {
      name: "the server spends it, its answer is lost, the machine judges; then again",
      expected: "one sign-in of it, then denied offline and online",
      async run(site) {
        const user = await site.enrolled();
        const code = await user.next();
        site.weather = {
          request: async ({ sent, pass, answer, response }) => {
            const reply = await pass();
            if (sent.path === "/v1/verify") response.destroy();
            else answer(reply);
          },
        };
        const first = await site.machine.result(user.name, code);
        const second = await site.machine.result(user.name, code);
        await site.online();
        const third = await site.machine.result(user.name, code);
        const holds = first === "granted" && second === "denied" && third === "denied";
        return check(holds, [first, second, third].join(", "));
      },
    },
    {
      name: "a backup code twice, and written otherwise",
      expected: "granted once; small letters and dashes are the same code",
      quick: true,
      async run(site) {
        await site.online();
        const user = await site.enrolled();
        const { codes } = await site.json<{ codes: string[] }>(
          "authenticator",
          "add",
          "backup-codes",
          user.name,
        );
        await site.machine.sync();
        site.offline();
        const [code = ""] = codes;
        const seen: string[] = [];
        for (const answer of [code, code, code.toLowerCase(), code.replaceAll("-", ""), ` ${code} `])
          seen.push(await site.machine.result(user.name, answer));
        await site.online();
        seen.push(await site.machine.result(user.name, code));
        return check(seen[0] === "granted" && grants(seen) === 1, seen.join(", "));
      },
    },
    {
      name: "HOTP: back in the counter, and the same counter",
      expected: "granted at 1 and 5, denied at 5, 4, 3, 0",
      async run(site) {
        await site.online();
        await site.admin("user", "add", "hotpback");
        const { secret } = await site.json<Provisioned>("authenticator", "add", "hotp", "hotpback");
        const first = await site.machine.result("hotpback", await hotpCode(secret, 1));
        site.offline();
        const seen: string[] = [first];
        for (const counter of [5, 5, 4, 3, 0])
          seen.push(await site.machine.result("hotpback", await hotpCode(secret, counter)));
        return check(seen.join() === "granted,granted,denied,denied,denied,denied", seen.join(", "));
      },
    },
    cannotRun(
      "kill -9 and power cut at every call of a commit",
      "./scripts/test crash does, thousands of times; here only at the verdict and at the first write",
    ),
    {
      name: "an answer that is the code and more",
      expected: "denied, each",
      async run(site) {
        const user = await site.enrolledThenOffline();
        const code = await user.next();
        const seen: string[] = [];
        for (const answer of [
          `${code}0`,
          `0${code}`,
          `${code},${code}`,
          `${code}%00`,
          `+${code}`,
          `${code}e0`,
        ])
          seen.push(await site.machine.result(user.name, answer));
        const then = await site.machine.result(user.name, code);
        return check(grants(seen) === 0 && then === "granted", `${tally(seen)}; the code itself: ${then}`);
      },
    },
  ],
});
