// Promise 5: the ways back after a loss (recovery by an online sign-in, the help desk, a seed for each machine) are no ways
// around anything.

import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Provisioned } from "../../scripts/parts/server.ts";
import { check, group, tally } from "./attack.ts";
import type { Machine } from "./machine.ts";
import { Person } from "./person.ts";
import { Site, wideWindow } from "./site.ts";
import { newFolder } from "./work-folder.ts";

/** The database is noise; what the machine needs to recover is still there. */
async function damaged(site: Site, machine: Machine): Promise<void> {
  await machine.agent.stop();
  writeFileSync(join(machine.agent.state, "state.db"), Buffer.alloc(9_000, 3));
  await machine.agent.start();
  site.line.weather = {};
}

/** The challenge on the screen of somebody who has nothing to type, and what came of the sign-in. */
async function challenge(machine: Machine, user: string, answers: readonly string[]) {
  const { result, screen } = await machine.signIn(user, answers);
  return { result, shown: /read out: ([\d ]+)/.exec(screen.join("\n"))?.[1]?.trim() };
}

async function helpDeskAnswer(site: Site, user: string, shown: string, machine: Machine): Promise<string> {
  const { machine: id } = await machine.status();
  const made = await site.json<{ answer: string }>("unlock", user, shown, "--machine", id ?? "");
  return made.answer;
}

async function lockedOut(site: Site) {
  const machine = await site.anotherMachine();
  const user = await site.person();
  await site.enrol(user, machine);
  await machine.sync();
  site.offline();
  for (let at = 0; at < 3; at++) await machine.result(user.name, user.wrong(at));
  return { machine, user };
}

const pamWord = (result: string) =>
  result === "PAM_SUCCESS" ? "granted" : result.replace("PAM_", "").toLowerCase();

export const waysBack = group({
  promise: 5,
  title: "the ways back after a loss are no ways around",
  open: () => Site.build({ policy: [...wideWindow, "lockout.failures=3", "guessLimit=50"] }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "damage the state, then guess at the recovery",
      expected: "locked by the server after 3; the state stays refused",
      quick: true,
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        await damaged(site, machine);
        const seen: string[] = [];
        for (let at = 0; at < 6; at++) seen.push(await machine.result(user.name, user.wrong(at)));
        const right = await machine.result(user.name, await user.next());
        const { state } = await machine.status();
        await machine.agent.stop();
        const judged = seen.filter((word) => word === "denied").length;
        return check(
          judged <= 3 && right !== "granted" && state === "damaged",
          `${tally(seen)}; right ${right}, state ${state}`,
        );
      },
    },
    {
      name: "damage the state to use a spent code again",
      expected: "denied",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        const code = await user.next();
        const first = await machine.result(user.name, code);
        await damaged(site, machine);
        const again = await machine.result(user.name, code);
        await machine.agent.stop();
        return check(first === "granted" && again !== "granted", `${first}, then ${again}`);
      },
    },
    {
      name: "a revoked machine comes back by recovery, with what it kept",
      expected: "refused: revoked machines don't recover",
      quick: true,
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        const id = (await machine.status()).machine ?? "";
        await machine.agent.stop();
        const copy = machine.copyState();
        await machine.agent.start();
        await site.admin("machine", "revoke", id);
        await machine.sync().catch(() => undefined);
        await machine.agent.stop();
        machine.putState(copy);
        writeFileSync(join(machine.agent.state, "state.db"), Buffer.alloc(9_000, 3));
        rmSync(join(machine.agent.state, "state.db-wal"), { force: true });
        await machine.agent.start();
        site.line.weather = {};
        const seen: string[] = [];
        for (let at = 0; at < 3; at++) {
          seen.push(await machine.result(user.name, await user.next()));
          await sleep(3_100);
        }
        const { state } = await machine.status();
        await machine.agent.stop();
        return check(!seen.includes("granted") && state !== "healthy", `${seen.join(", ")}, state ${state}`);
      },
    },
    {
      name: "a thief with recovery.json alone, without any user's code",
      expected: "no machine, nobody signs in",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        const thief = await site.anotherMachine();
        await thief.agent.stop();
        const empty = newFolder(0o700);
        cpSync(join(machine.agent.state, "recovery.json"), join(empty, "recovery.json"));
        thief.putState(empty);
        await thief.agent.start();
        const seen = [
          await thief.result(user.name, user.wrong()),
          await thief.result("nobody-here", "123456"),
        ];
        const { state } = await thief.status();
        await thief.agent.stop();
        await machine.agent.stop();
        return check(!seen.includes("granted") && state !== "healthy", `${seen.join(", ")}, state ${state}`);
      },
    },
    {
      name: "the help desk's answer: used twice, for another user, for another challenge, guessed",
      expected: "good once for its user and challenge; guesses end at five",
      async run(site) {
        const { machine, user } = await lockedOut(site);
        const first = await challenge(machine, user.name, []);
        if (first.shown === undefined) return check(false, `no challenge was shown: ${first.result}`);
        const answer = await helpDeskAnswer(site, user.name, first.shown, machine);
        // The challenge of the next dialogue: the same while it is open, or another.
        const good = await challenge(machine, user.name, [answer]);
        const again = await challenge(machine, user.name, [answer]);
        for (let at = 0; at < 3; at++) await machine.result(user.name, user.wrong(at));
        const old = await challenge(machine, user.name, [answer]);
        const seen: string[] = [];
        for (let at = 0; at < 8; at++)
          seen.push(pamWord((await challenge(machine, user.name, [`0000000${at}`])).result));
        await machine.agent.stop();
        const said = `answer ${pamWord(good.result)}, again ${pamWord(again.result)}, later ${pamWord(old.result)}; guesses ${tally(seen)}`;
        const never =
          [again, old].every(({ result }) => result !== "PAM_SUCCESS") && !seen.includes("granted");
        return check(never, said);
      },
    },
    {
      name: "the help desk's answer for another machine's challenge",
      expected: "refused",
      async run(site) {
        const { machine, user } = await lockedOut(site);
        const other = await site.anotherMachine();
        site.offline();
        const { shown } = await challenge(machine, user.name, []);
        if (shown === undefined) return check(false, "no challenge was shown");
        const answer = await helpDeskAnswer(site, user.name, shown, other).catch(() => "00000000");
        const seen = await challenge(machine, user.name, [answer]);
        await machine.agent.stop();
        await other.agent.stop();
        return check(seen.result !== "PAM_SUCCESS", pamWord(seen.result));
      },
    },
    {
      name: "a seed for each machine: one machine's offline code, and the user's own, on another machine",
      expected: "denied there; granted on its own machine",
      quick: true,
      async run(site) {
        const [one, two] = [await site.anotherMachine(), await site.anotherMachine()];
        await site.admin("policy", "set", "--group", "apart", ...wideWindow, "seeds=per-machine");
        const user = await site.person("karoline", "--group", "apart");
        const enrolOn = async (machine: Machine) => {
          await machine.result(user.name, await user.next());
          await machine.sync();
          const { machine: id } = await machine.status();
          const made = await site.json<{ secret?: string; uri?: string }>(
            "authenticator",
            "machine-seed",
            user.name,
            "--machine",
            id ?? "",
          );
          return made.secret ?? new URL(made.uri ?? "x:").searchParams.get("secret") ?? "";
        };
        const first = new Person(user.name, { secret: await enrolOn(one) } as Provisioned, 10);
        await enrolOn(two);
        site.offline();
        const seen = [
          await two.result(user.name, first.at(1)),
          await two.result(user.name, user.at(9)),
          await one.result(user.name, user.at(9)),
          await one.result(user.name, first.at(1)),
          await one.result(user.name, first.at(1)),
        ];
        await one.agent.stop();
        await two.agent.stop();
        return check(seen.join() === "denied,denied,denied,granted,denied", seen.join(", "));
      },
    },
  ],
});
