// Promise 8 for many at once: whoever floods the local socket floods only themselves.

import { setTimeout as sleep } from "node:timers/promises";
import { Running, run } from "../../scripts/parts/program.ts";
import { check, group, knownLimit } from "./attack.ts";
import type { Person } from "./person.ts";
import { Site, spendingOnly } from "./site.ts";

/** Opens as many connections as it may as \`uid\`, says something on each, and keeps them. */
const flooder = `
import os, socket, sys, time
path, uid, count, said = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
os.setgroups([]); os.setgid(uid); os.setuid(uid)
kept = []
for at in range(count):
    try:
        relay = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); relay.settimeout(2); relay.connect(path)
        if said: relay.sendall(said)
        kept.append(relay)
    except OSError: pass
print("kept", len(kept), flush=True)
time.sleep(float(sys.argv[5]))
`;

async function flooding(
  uid: number,
  socket: string,
  count: number,
  said: string,
  seconds = 30,
): Promise<Running> {
  const running = new Running([
    "python3",
    "-c",
    flooder,
    socket,
    String(uid),
    String(count),
    said,
    String(seconds),
  ]);
  await running.says(/kept \d+/);
  return running;
}

/** The console while something goes on. */
async function consoleDuring(site: Site, user: Person, floods: readonly Running[]) {
  const begun = performance.now();
  const seen = await site.machine.result(user.name, await user.next());
  const tookMs = performance.now() - begun;
  for (const flood of floods) await flood.stop("SIGKILL");
  await sleep(200);
  const after = await site.machine.result(user.name, await user.next());
  return { seen, after, tookMs };
}

async function flood(site: Site, uids: readonly number[], each: number, said: (uid: number) => string) {
  const user = await site.enrolledThenOffline();
  const socket = site.machine.agent.dialogueSocket;
  const floods: Running[] = [];
  for (const uid of uids) floods.push(await flooding(uid, socket, each, said(uid)));
  return await consoleDuring(site, user, floods);
}

export const floods = group({
  promise: 8,
  title: "whoever floods the local socket floods only themselves",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "one account opens 500 connections and says nothing",
      expected: "the console granted, meanwhile and afterwards",
      quick: true,
      async run(site) {
        const { seen, after, tookMs } = await flood(site, [1], 500, () => "");
        return check(
          seen === "granted" && after === "granted",
          `${seen} in ${Math.round(tookMs)} ms, afterwards ${after}`,
        );
      },
    },
    {
      name: "one account begins for itself as often as it can and never answers",
      expected: "the console granted, meanwhile and afterwards",
      async run(site) {
        const { seen, after } = await flood(
          site,
          [1],
          100,
          () => "BEGIN 1 kind=unlock user=daemon service=x\n",
        );
        return check(seen === "granted" && after === "granted", `${seen}, afterwards ${after}`);
      },
    },
    {
      name: "half a line, byte by byte, on as many connections as allowed",
      expected: "the console granted, meanwhile and afterwards",
      async run(site) {
        const { seen, after } = await flood(site, [1, 2, 3], 20, () => "BEGIN 1 kin");
        return check(seen === "granted" && after === "granted", `${seen}, afterwards ${after}`);
      },
    },
    {
      name: "sixteen accounts together take all 64 seats",
      expected: "documented: refused at once meanwhile, granted afterwards",
      async run(site) {
        const uids = Array.from({ length: 16 }, (_, at) => 40_000 + at);
        const { seen, after } = await flood(site, uids, 4, () => "");
        return knownLimit(after === "granted", `meanwhile ${seen}, afterwards ${after}`);
      },
    },
    {
      name: "an agent with few file descriptors, 400 connections",
      expected: "the console granted afterwards; never a grant without a code",
      async run(site) {
        const user = await site.enrolledThenOffline();
        const { agent } = site.machine;
        await run(["prlimit", "--pid", String(agent.pid), "--nofile=64:64"]);
        const floods = [];
        for (const uid of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
          floods.push(await flooding(uid, agent.dialogueSocket, 40, ""));
        const wrong = await site.machine.result(user.name, user.wrong());
        const { seen, after } = await consoleDuring(site, user, floods);
        await site.machine.restart();
        return check(
          wrong !== "granted" && after === "granted",
          `wrong ${wrong}, meanwhile ${seen}, afterwards ${after}`,
        );
      },
    },
  ],
});
