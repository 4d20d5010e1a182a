// Promise 7: limits and revocation hold, at their exact edges, and a server's error is no revocation.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cannotRun, check, group, knownLimit, tally } from "./attack.ts";
import { mayMount } from "./mounts.ts";
import { canFakeTime, type Machine } from "./machine.ts";
import { Site, wideWindow } from "./site.ts";

const policy = [...wideWindow, "offline.days=1", "offline.signIns=3", "lockout.failures=0"];

async function revokedBy(
  site: Site,
  revoke: (machine: Machine, id: string, user: string) => Promise<unknown>,
) {
  const machine = await site.anotherMachine();
  const user = await site.person();
  await site.enrol(user, machine);
  const id = (await machine.status()).machine ?? "";
  await revoke(machine, id, user.name);
  await machine.sync().catch(() => undefined);
  site.offline();
  const seen = [await machine.result(user.name, await user.next())];
  await machine.restart();
  seen.push(await machine.result(user.name, await user.next()));
  site.line.weather = {};
  seen.push(await machine.result(user.name, await user.next()));
  const { enrolments, state } = await machine.status();
  return { machine, user, id, seen, state, enrolled: enrolments.some((one) => one.user === user.name) };
}

async function edge(site: Site, msBefore: number) {
  const machine = await site.anotherMachine({ clock: true });
  const user = await site.person();
  await site.enrol(user, machine);
  site.offline();
  const [enrolment] = (await machine.status()).enrolments;
  const offMs = (enrolment?.expiresAtMs ?? 0) - Date.now() - msBefore;
  // Whole seconds are what the clock can be set by; rounding down keeps "before" before.
  const seconds = Math.floor(offMs / 1000);
  await machine.reboot(seconds);
  const seen = await machine.result(user.name, user.atMs(Date.now() + seconds * 1000));
  await machine.agent.stop();
  return seen;
}

export const limits = group({
  promise: 7,
  title: "limits and revocation hold",
  open: () => Site.build({ policy }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "more offline sign-ins than the lease allows",
      expected: "3 granted, then unavailable; an online one begins anew",
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const seen: string[] = [];
        for (let at = 0; at < 5; at++) seen.push(await site.machine.result(user.name, await user.next()));
        await site.online();
        seen.push(await site.machine.result(user.name, await user.next()));
        site.offline();
        seen.push(await site.machine.result(user.name, await user.next()));
        const holds = seen.join() === "granted,granted,granted,unavailable,unavailable,granted,granted";
        return check(holds, seen.join(", "));
      },
    },
    {
      name: "the last sign-in of the lease, by 16 processes with different codes",
      expected: "one granted",
      async run(site) {
        const user = await site.enrolledThenOffline();
        for (let at = 0; at < 2; at++) await site.machine.result(user.name, await user.next());
        const codes = Array.from({ length: 16 }, (_, at) => user.at(at - 5));
        const seen = await Promise.all(codes.map((code) => site.machine.result(user.name, code)));
        return check(seen.filter((word) => word === "granted").length === 1, tally(seen));
      },
    },
    {
      name: "a sync, again and again, to lengthen the lease",
      expected: "no sign-in and no day more",
      async run(site) {
        const user = await site.enrolledThenOffline();
        for (let at = 0; at < 3; at++) await site.machine.result(user.name, await user.next());
        const before = (await site.machine.status()).enrolments.find((one) => one.user === user.name);
        for (let at = 0; at < 3; at++) {
          await site.online();
          await site.machine.sync();
        }
        site.offline();
        const seen = await site.machine.result(user.name, await user.next());
        const after = (await site.machine.status()).enrolments.find((one) => one.user === user.name);
        const same = before?.expiresAtMs === after?.expiresAtMs;
        return check(
          seen === "unavailable" && same,
          `${seen}; the end of the lease ${same ? "stays" : "MOVED"}`,
        );
      },
    },
    ...(canFakeTime && mayMount
      ? [
          {
            name: "seconds before the lease's end",
            expected: "granted",
            async run(site: Site) {
              const seen = await edge(site, 8_000);
              return check(seen === "granted", seen);
            },
          },
          {
            name: "a second after the lease's end",
            expected: "unavailable",
            quick: true as const,
            async run(site: Site) {
              const seen = await edge(site, -1_000);
              return check(seen === "unavailable", seen);
            },
          },
        ]
      : [cannotRun("the edges of a lease in days", "no faketime or no private namespace")]),
    {
      name: "machine revoked, then offline, restarted, online",
      expected: "unavailable each time; keys and data erased",
      quick: true,
      async run(site) {
        const seen = await revokedBy(site, (_machine, id) => site.admin("machine", "revoke", id));
        const { state: folder } = seen.machine.agent;
        const left = ["machine.key", "state.db"].filter((name) => existsSync(join(folder, name)));
        await seen.machine.agent.stop();
        const holds = seen.seen.every((word) => word === "unavailable") && left.length === 0;
        return check(
          holds && seen.state === "revoked",
          `${seen.seen.join(", ")}, state ${seen.state}, left: ${left.join() || "nothing"}`,
        );
      },
    },
    {
      name: "a revoked machine comes back with a copy of its old state, the server in reach",
      expected: "erased again before anybody gets in, though its request numbers have been used",
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
        const first = (await machine.status()).state;
        await machine.agent.stop();
        machine.putState(copy);
        await machine.agent.start();
        await sleep(300);
        const atOnce = await machine.result(user.name, await user.next());
        const { lastFailure } = (await machine.status()).server;
        await machine.sync().catch(() => undefined);
        site.offline();
        const offline = await machine.result(user.name, await user.next());
        const { state } = await machine.status();
        await machine.agent.stop();
        const said = `first ${first}; copy put back: at once ${atOnce} (${lastFailure}), after a sync ${offline}, state ${state}`;
        const erased = offline === "unavailable" && state === "revoked";
        return check(atOnce === "unavailable" && erased, said);
      },
    },
    {
      name: "the keys are rotated; a copy of the folder from before is put back, the server in reach",
      expected: "erased before anybody gets in; the machine is flagged, and goes on with its new keys",
      quick: true,
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        await machine.agent.stop();
        const before = machine.copyState();
        await machine.agent.start();
        await machine.admin("POST", "/v1/rotate-keys", { protector: "same" });
        await machine.agent.stop();
        const after = machine.copyState();
        machine.putState(before);
        await machine.agent.start();
        const old = await machine.result(user.name, await user.next());
        const { state } = await machine.status();
        await machine.agent.stop();
        machine.putState(after);
        await machine.agent.start();
        const seen = await machine.result(user.name, await user.next());
        const { machine: id } = await machine.status();
        const list = await site.json<{ id: string; flags: string[] }[]>("machine", "list");
        const flags = list.find((one) => one.id === id)?.flags ?? [];
        await machine.agent.stop();
        const holds = old === "unavailable" && state === "revoked" && seen === "granted";
        return check(
          holds && flags.includes("state-restored"),
          `the copy ${old}, ${state}; the machine ${seen}; flags: ${flags.join(", ")}`,
        );
      },
    },
    {
      name: "a revoked machine's old copy that never contacts the server",
      expected: "documented: until the lease ends",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        site.offline();
        await site.admin("machine", "revoke", (await machine.status()).machine ?? "");
        const seen: string[] = [];
        for (let at = 0; at < 5; at++) seen.push(await machine.result(user.name, await user.next()));
        await machine.agent.stop();
        const granted = seen.filter((word) => word === "granted").length;
        return knownLimit(granted <= 3, tally(seen));
      },
    },
    {
      name: "user disabled, synchronised, then offline and online",
      expected: "not granted; the user's offline data erased",
      quick: true,
      async run(site) {
        const seen = await revokedBy(site, (_machine, _id, user) => site.admin("user", "disable", user));
        await seen.machine.agent.stop();
        const holds = !seen.seen.includes("granted") && !seen.enrolled;
        return check(holds, `${seen.seen.join(", ")}; ${seen.enrolled ? "STILL ENROLLED" : "not enrolled"}`);
      },
    },
    {
      name: "enrolment revoked on one machine",
      expected: "offline unavailable; the next online sign-in enrols anew, nothing old returns",
      async run(site) {
        const seen = await revokedBy(site, (_machine, id, user) =>
          site.admin("enrolment", "revoke", user, "--machine", id),
        );
        await seen.machine.agent.stop();
        const offline = seen.seen.slice(0, 2);
        return check(
          offline.every((word) => word === "unavailable"),
          seen.seen.join(", "),
        );
      },
    },
    {
      name: "a revocation that races eight online sign-ins",
      expected: "afterwards nobody gets in offline",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        const id = (await machine.status()).machine ?? "";
        const racing = Array.from({ length: 8 }, (_, at) => machine.result(user.name, user.at(at - 5)));
        await sleep(15);
        await site.admin("enrolment", "revoke", user.name, "--machine", id);
        await site.admin("user", "disable", user.name);
        const seen = await Promise.all(racing);
        await machine.sync().catch(() => undefined);
        site.offline();
        const after = await machine.result(user.name, user.at(9));
        const { enrolments } = await machine.status();
        await machine.agent.stop();
        return check(
          after === "unavailable" && enrolments.length === 0,
          `${tally(seen)}; afterwards ${after}`,
        );
      },
    },
    {
      name: "all refusals of a server at once: 400 to 599",
      expected: "no revocation, offline as before",
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        let status = 400;
        site.weather = {
          request: ({ answer }) => {
            status = status >= 599 ? 400 : status + 7;
            answer({ status, headers: {}, body: Buffer.from('{"error":{"code":"revoked"},"revoked":true}') });
          },
        };
        for (let at = 0; at < 30; at++) await site.machine.admin("POST", "/v1/sync").catch(() => undefined);
        const seen = await site.machine.result(user.name, await user.next());
        const { state, enrolments } = await site.machine.status();
        await site.online();
        const kept = enrolments.some((one) => one.user === user.name);
        return check(seen === "granted" && state === "healthy" && kept, `${seen}, state ${state}`);
      },
    },
  ],
});
