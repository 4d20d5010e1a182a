// After the story: a second machine that has joined the same server, left running for a person with an app.

import { renderUnicodeCompact } from "uqr";
import { driveCommand } from "../parts/relay.ts";
import type { Place } from "./place.ts";

const user = "alice";

const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });

export async function stay(place: Place, uri: string): Promise<void> {
  const stopped = interrupted();
  await place.server.start();
  const { agent, confdir } = place.machine("second-machine");
  await agent.start();
  await agent.join(await place.server.joinToken());

  const relay = driveCommand({ user, answers: ["CODE"], confdir }).join(" ");
  console.log(`
Server and agent stay. Scan this with an authenticator app; it is ${user}'s:

${renderUnicodeCompact(uri)}
${uri}

Sign in as ${user}, in a terminal of your own as root:
  ./scripts/nightlatch --dialogue-socket ${agent.dialogueSocket} sign-in ${user}
or through libpam and the module, with the code that the app shows:
  ${relay}
See what the agent holds:
  ./scripts/nightlatch --admin-socket ${agent.adminSocket} status
Take the server out of reach, and bring it back:
  kill -STOP ${place.server.pid}
  kill -CONT ${place.server.pid}

Ctrl-C stops everything and removes ${place.folder}`);
  await stopped;
  console.log("\nstopping");
}
