// Promise 3: guessing is bounded for ever, and nobody's own programs lock that user's console.

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Running } from "../../scripts/parts/program.ts";
import { driveCommand, nightlatchStack } from "../../scripts/parts/relay.ts";
import { converse } from "../system/plain-relay.ts";
import { check, group, knownLimit, notRun, tally } from "./attack.ts";
import { canFakeTime, short } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site, wideWindow } from "./site.ts";

const failures = 3;
const policy = [...wideWindow, `lockout.failures=${failures}`, "lockout.minutes=15", "guessLimit=1000"];

async function guess(
  site: Site,
  user: Person,
  times: number,
  between: () => Promise<unknown> = () => Promise.resolve(),
) {
  const seen: string[] = [];
  for (let at = 0; at < times; at++) {
    seen.push(await site.machine.result(user.name, user.wrong(at)));
    await between();
  }
  return seen;
}

/** Locked, as the right code shows. */
async function lockedNow(site: Site, user: Person, seen: readonly string[]) {
  const right = await site.machine.result(user.name, await user.next());
  const judged = seen.filter((word) => word === "denied").length;
  return check(right === "locked" && judged <= failures, `${tally(seen)}; then the right code: ${right}`);
}

async function locked(site: Site): Promise<Person> {
  const user = await site.enrolledThenOffline();
  await guess(site, user, failures);
  return user;
}

const bound = `at most ${failures} judged, then the right code is locked out too`;

export const guessing = group({
  promise: 3,
  title: "guessing is bounded for ever",
  open: () => Site.build({ policy, clock: true }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "one guess after the other",
      expected: bound,
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline();
        return await lockedNow(site, user, await guess(site, user, 6));
      },
    },
    {
      name: "a restart of the agent between guesses",
      expected: bound,
      async run(site) {
        const user = await site.enrolledThenOffline();
        return await lockedNow(site, user, await guess(site, user, failures, () => site.machine.restart()));
      },
    },
    {
      name: "kill -9 between guess and answer",
      expected: bound,
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const { agent } = site.machine;
        const seen: string[] = [];
        for (let at = 0; at < failures; at++) {
          const kill = () => void process.kill(agent.pid, "SIGKILL");
          const end = await converse(agent.dialogueSocket, user.name, user.wrong(at), kill);
          seen.push(end.split(" ")[1] ?? "");
          await site.machine.restart();
        }
        return await lockedNow(site, user, seen);
      },
    },
    {
      name: "64 guesses at once",
      expected: bound,
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const command = (code: string) =>
          driveCommand({ user: user.name, answers: [code], confdir: site.machine.confdir });
        const relays = Array.from({ length: 64 }, (_, at) => new Running(command(user.wrong(at))));
        await Promise.all(relays.map((relay) => relay.end()));
        const seen = relays.map(({ said }) => short(/PAM_\w+/.exec(said)?.[0] ?? "none"));
        return await lockedNow(site, user, seen);
      },
    },
    {
      name: "eight dialogues that ask first and all answer together",
      expected: bound,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const socket = site.machine.agent.dialogueSocket;
        const ends = await Promise.all(
          Array.from({ length: 8 }, (_, at) => converse(socket, user.name, user.wrong(at), () => undefined)),
        );
        return await lockedNow(
          site,
          user,
          ends.map((end) => end.split(" ")[1] ?? ""),
        );
      },
    },
    {
      name: "another service, kind or terminal each time",
      expected: bound,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const services = ["login", "sshd", "sudo", "su", "gdm-password", "xscreensaver"];
        for (const name of services)
          site.machine.service(name, nightlatchStack(site.machine.agent.dialogueSocket));
        const seen: string[] = [];
        for (const [at, service] of services.entries())
          seen.push(await site.machine.result(user.name, user.wrong(at), service));
        return await lockedNow(site, user, seen);
      },
    },
    {
      name: "other ways to write the same user",
      expected: "no way that is judged as the user apart from the count",
      async run(site) {
        const user = await site.enrolledThenOffline("carla");
        const seen: string[] = [];
        for (const name of [
          "CARLA",
          "carla ",
          " carla",
          "carla.",
          "DOM\\carla",
          "carla@dom",
          "carla\u200b",
          "Carla",
        ])
          seen.push(await site.machine.result(name, await user.next()));
        return check(!seen.includes("granted"), tally(seen));
      },
    },
    {
      name: "locked: the clock an hour forward",
      expected: "still locked",
      quick: true,
      async run(site) {
        if (!canFakeTime) return notRun("no faketime here");
        const user = await locked(site);
        site.machine.setClock(3_600);
        const seen = [
          await site.machine.result(user.name, await user.next()),
          await site.machine.result(user.name, user.atMs(Date.now() + 3_600_000)),
        ];
        site.machine.setClock(0);
        return check(
          seen.every((word) => word === "locked"),
          seen.join(", "),
        );
      },
    },
    {
      name: "locked: reboot with the clock a day forward",
      expected: "still locked",
      async run(site) {
        if (!canFakeTime) return notRun("no faketime here");
        const user = await locked(site);
        await site.machine.reboot(86_400);
        const seen = await site.machine.result(user.name, user.atMs(Date.now() + 86_400_000));
        site.machine.setClock(0);
        await site.online();
        return check(seen === "locked", seen);
      },
    },
    {
      name: "locked: restart, and another restart",
      expected: "still locked",
      async run(site) {
        const user = await locked(site);
        await site.machine.restart();
        await site.machine.agent.stop("SIGKILL");
        await site.machine.restart();
        const seen = await site.machine.result(user.name, await user.next());
        return check(seen === "locked", seen);
      },
    },
    {
      name: "locked: delete each file of the state folder in turn",
      expected: "never granted",
      async run(site) {
        const machine = await site.anotherMachine({ clock: true });
        const user = await site.person();
        await site.enrol(user, machine);
        site.offline();
        for (let at = 0; at < failures; at++) await machine.result(user.name, user.wrong(at));
        const seen: string[] = [];
        await machine.agent.stop("SIGKILL");
        const whole = machine.copyState();
        for (const name of readdirSync(whole)) {
          machine.putState(whole);
          rmSync(join(machine.agent.state, name), { recursive: true });
          await machine.agent.start();
          seen.push(`${name}: ${await machine.result(user.name, await user.next())}`);
          await machine.agent.stop("SIGKILL");
        }
        await site.online();
        return check(!seen.some((word) => word.endsWith("granted")), seen.join(", "));
      },
    },
    {
      name: "a program guesses for its own user until it is locked; then that user's console",
      expected: "the program locked, the console granted",
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline("daemon");
        const socket = site.machine.agent.dialogueSocket;
        const program = async (code: string) => {
          const heard = await selfAs(1, socket, "daemon", code);
          return /END (\w+)/.exec(heard)?.[1] ?? heard.slice(0, 40);
        };
        const seen: string[] = [];
        for (let at = 0; at < failures + 1; at++) seen.push(await program(user.wrong(at)));
        const console = await site.machine.result("daemon", await user.next());
        const holds = seen.at(-1) === "locked" && console === "granted";
        return check(holds, `program: ${tally(seen)}; console: ${console}`);
      },
    },
  ],
});

/** Speaks the protocol as another account; what it heard. */
async function selfAs(uid: number, socket: string, user: string, code: string): Promise<string> {
  const program = `
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
relay = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); relay.settimeout(15); relay.connect(sys.argv[1])
relay.sendall(("BEGIN 1 kind=unlock user=%s service=xscreensaver\\n" % sys.argv[3]).encode())
heard = b""; asked = False
while b"END" not in heard or not heard.endswith(b"\\n"):
    more = relay.recv(4096)
    if not more: break
    heard += more
    if b"ASK" in heard and not asked:
        asked = True; relay.sendall(("ANSWER %s\\n" % sys.argv[4]).encode())
print(heard.decode(), end="")
`;
  const relay = new Running(["python3", "-c", program, socket, String(uid), user, code]);
  await relay.end();
  return relay.said;
}

export const guessLimit = group({
  promise: 3,
  title: "guessing is bounded in total and at the server",
  open: () => Site.build({ policy: [...wideWindow, "lockout.failures=0", "guessLimit=6"] }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "no lockout, but a total: more guesses than the total",
      expected: "6 judged, then the right code is refused until an online sign-in",
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const seen = await guess(site, user, 9);
        const right = await site.machine.result(user.name, await user.next());
        await site.online();
        const online = await site.machine.result(user.name, await user.next());
        const judged = seen.filter((word) => word === "denied").length;
        const holds = judged <= 6 && right === "unavailable" && online === "granted";
        return check(holds, `${tally(seen)}; right: ${right}; right online: ${online}`);
      },
    },
    {
      name: "the total over restarts and reconnections that bring no sign-in",
      expected: "6 judged in all",
      async run(site) {
        const user = await site.enrolledThenOffline();
        const seen: string[] = [];
        for (let at = 0; at < 9; at++) {
          seen.push(await site.machine.result(user.name, user.wrong(at)));
          if (at % 3 === 2) {
            await site.online();
            site.offline();
            await site.machine.restart();
          }
        }
        const judged = seen.filter((word) => word === "denied").length;
        const right = await site.machine.result(user.name, await user.next());
        return check(judged <= 6 && right !== "granted", `${tally(seen)}; right: ${right}`);
      },
    },
    {
      name: "online, over two machines",
      expected: "the server locks after 5, on both",
      quick: true,
      async run(site) {
        await site.online();
        await site.admin("policy", "set", "lockout.failures=5", "guessLimit=50");
        const other = await site.anotherMachine();
        const user = await site.person();
        const seen: string[] = [];
        for (let at = 0; at < 8; at++)
          seen.push(await (at % 2 === 0 ? site.machine : other).result(user.name, user.wrong(at)));
        const right = await other.result(user.name, await user.next());
        const judged = seen.filter((word) => word === "denied").length;
        await site.admin("policy", "set", "lockout.failures=0", "guessLimit=6");
        return check(judged <= 5 && right === "locked", `${tally(seen)}; right: ${right}`);
      },
    },
    {
      name: "old state put back: the guesses come back with it",
      expected: "documented without a TPM: 6 more guesses for each copy put back",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        site.offline();
        await machine.agent.stop();
        const copy = machine.copyState();
        await machine.agent.start();
        const seen: string[] = [];
        for (let round = 0; round < 2; round++) {
          for (let at = 0; at < 7; at++) seen.push(await machine.result(user.name, user.wrong(at)));
          await machine.agent.stop("SIGKILL");
          machine.putState(copy);
          await machine.agent.start();
        }
        await site.online();
        return knownLimit(seen.filter((word) => word === "denied").length <= 12, tally(seen));
      },
    },
  ],
});
