// Promise 16: the audit tells the truth: offline sign-ins arrive exactly once, and what was cut or retold shows.

import { connect } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { cannotRun, check, group } from "./attack.ts";
import type { Machine } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site, spendingOnly } from "./site.ts";

interface Entry {
  readonly kind: string;
  readonly source: string;
}

async function grantsAtTheServer(site: Site, user: Person): Promise<number> {
  const audit = await site.json<Entry[]>("audit", "--user", user.name);
  return audit.filter(({ kind, source }) => source === "machine" && kind === "sign-in-granted").length;
}

async function flagsOf(site: Site, machine: Machine): Promise<string[]> {
  const { machine: id } = await machine.status();
  const list = await site.json<{ id: string; flags: string[] }[]>("machine", "list");
  return list.find((one) => one.id === id)?.flags ?? [];
}

async function offlineSignIns(site: Site, machine: Machine, count: number): Promise<Person> {
  const user = await site.person();
  await site.enrol(user, machine);
  await machine.sync();
  site.offline();
  for (let at = 0; at < count; at++) await machine.signIn(user.name, await user.next());
  return user;
}

/** So many sign-ins of people nobody knows, sixteen at a time. */
async function flood(socketPath: string, count: number): Promise<void> {
  const one = (user: string) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(socketPath);
      socket.on("error", reject);
      socket.on("close", () => resolve());
      socket.resume();
      socket.write(`BEGIN 1 kind=logon user=${user} service=login\n`);
    });
  let left = count;
  const work = async (user: string) => {
    while (left-- > 0) await one(user);
  };
  await Promise.all(Array.from({ length: 16 }, (_, at) => work(`stranger${at}`)));
}

export const audit = group({
  promise: 16,
  title: "the audit tells the truth",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "the server's answers to syncs are lost, the agent is killed in between",
      expected: "5 offline sign-ins arrive, each once",
      quick: true,
      async run(site) {
        const { machine } = site;
        const user = await offlineSignIns(site, machine, 5);
        for (let at = 0; at < 3; at++) {
          site.weather = {
            request: async ({ pass, response }) => {
              await pass();
              response.destroy();
            },
          };
          await machine.admin("POST", "/v1/sync").catch(() => undefined);
          await machine.agent.stop("SIGKILL");
          await machine.agent.start();
        }
        await site.online();
        await machine.sync();
        const count = await grantsAtTheServer(site, user);
        const flags = await flagsOf(site, machine);
        return check(count === 5, `${count} arrived; flags: ${flags.join(", ") || "none"}`);
      },
    },
    {
      name: "a recorded sync with events, sent again",
      expected: "not counted twice",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await offlineSignIns(site, machine, 3);
        const from = site.line.seen.length;
        await site.online(machine);
        const sync = site.line.seen.slice(from).find(({ sent }) => sent.path === "/v1/sync");
        if (sync === undefined) throw new Error("no sync was seen");
        const again = await site.line.deliver(sync.sent);
        const count = await grantsAtTheServer(site, user);
        await machine.agent.stop();
        return check(count === 3 && again.status === 409, `${count} arrived, the repeat: ${again.status}`);
      },
    },
    {
      name: "an event deleted, or altered, in the database",
      expected: "seen on the machine: nobody signs in there",
      quick: true,
      async run(site) {
        const seen: string[] = [];
        for (const change of [
          "DELETE FROM record WHERE tbl = 'event' AND id = (SELECT max(id) FROM record WHERE tbl = 'event')",
          "UPDATE record SET sealed = zeroblob(200) WHERE tbl = 'event' AND id = (SELECT max(id) FROM record WHERE tbl = 'event')",
        ]) {
          const machine = await site.anotherMachine();
          const user = await offlineSignIns(site, machine, 2);
          await machine.agent.stop();
          const database = new DatabaseSync(join(machine.agent.state, "state.db"));
          database.exec(change);
          database.close();
          await machine.agent.start();
          seen.push(await machine.result(user.name, await user.next()));
          await machine.agent.stop();
        }
        await site.online();
        return check(
          seen.every((word) => word === "unavailable"),
          seen.join(", "),
        );
      },
    },
    {
      name: "an old copy of the folder, to retell the events since",
      expected: "flagged at the server as soon as its numbers or events show it",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        await machine.sync();
        await machine.agent.stop();
        const copy = machine.copyState();
        await machine.agent.start();
        site.offline();
        await machine.signIn(user.name, await user.next());
        await site.online(machine);
        await machine.agent.stop();
        machine.putState(copy);
        await machine.agent.start();
        site.offline();
        await machine.signIn(user.name, user.wrong());
        site.line.weather = {};
        for (let at = 0; at < 3; at++) {
          await machine.admin("POST", "/v1/sync").catch(() => undefined);
          await machine.restart();
        }
        const flags = await flagsOf(site, machine);
        const count = await grantsAtTheServer(site, user);
        await machine.agent.stop();
        return check(
          flags.length > 0 && count === 1,
          `flags: ${flags.join(", ") || "none"}; the first sign-in is kept: ${count}`,
        );
      },
    },
    {
      name: "the line drops, doubles and delays syncs with many events",
      expected: "40 offline refusals and sign-ins arrive, each once",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await offlineSignIns(site, machine, 4);
        for (let at = 0; at < 36; at++) await machine.signIn(user.name, user.wrong(at));
        let turn = 0;
        site.weather = {
          request: async ({ sent, pass, answer, response }) => {
            turn++;
            const reply = await pass();
            if (turn % 3 === 0) response.destroy();
            else if (turn % 3 === 1) answer(await pass(sent));
            else answer(reply);
          },
        };
        for (let at = 0; at < 6; at++) await machine.admin("POST", "/v1/sync").catch(() => undefined);
        await site.online(machine);
        const audit = await site.json<Entry[]>("audit", "--user", user.name, "--limit", "500");
        const from = audit.filter(({ source }) => source === "machine");
        const granted = from.filter(({ kind }) => kind === "sign-in-granted").length;
        const denied = from.filter(({ kind }) => kind === "sign-in-denied").length;
        await machine.agent.stop();
        return check(granted === 4 && denied === 36, `${granted} granted and ${denied} denied arrived`);
      },
    },
    {
      name: "9,000 refusals, so that the sign-in after them finds no room",
      expected: "granted and audited by name; the refusals without room are told by number; no gap",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        await machine.sync();
        site.offline();
        await machine.result(user.name, user.wrong());
        await flood(machine.agent.dialogueSocket, 9_000);
        const { eventsWaiting, eventsDropped } = await machine.status();
        const seen = await machine.result(user.name, await user.next());
        await site.online(machine);
        const count = await grantsAtTheServer(site, user);
        const flags = await flagsOf(site, machine);
        const { machine: id } = await machine.status();
        const audit = await site.json<Entry[]>("audit", "--machine", id ?? "", "--limit", "20");
        const told = audit.filter(({ kind, source }) => kind === "events-dropped" && source === "machine");
        await machine.agent.stop();
        const holds = seen === "granted" && count === 1 && flags.join() === "events-dropped";
        return check(
          holds && eventsDropped > 0 && told.length === 1,
          `${seen}; ${eventsWaiting} waited, ${eventsDropped} counted; flags: ${flags.join(", ") || "none"}`,
        );
      },
    },
    cannotRun(
      "root on the machine writes a false but whole chain",
      "root has the keys, and nothing claims otherwise: docs/threat-model.md says so",
    ),
  ],
});
