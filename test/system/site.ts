// A server, an agent that has joined it and a PAM service for our module alone, in a temporary folder. Nothing of it
// needs the host's /etc, so it needs no namespace.

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "../../scripts/parts/agent.ts";
import { nightlatchStack, writeService } from "../../scripts/parts/relay.ts";
import { Server } from "../../scripts/parts/server.ts";

export interface Site {
  readonly server: Server;
  readonly agent: Agent;
  /** For drive: holds the service `login`. */
  readonly confdir: string;
  leave(): Promise<void>;
}

export async function buildSite(policy: readonly string[]): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"));
  chmodSync(folder, 0o755);
  const server = new Server(join(folder, "server"));
  await server.cli("init");
  await server.cli("policy", "set", ...policy);
  await server.start();
  mkdirSync(join(folder, "agent"));
  const agent = new Agent({ folder: join(folder, "agent"), url: server.url, caFile: server.caFile });
  await agent.start();
  await agent.join(await server.joinToken());
  const confdir = join(folder, "pam.d");
  writeService(confdir, "login", nightlatchStack(agent.dialogueSocket));
  return {
    server,
    agent,
    confdir,
    async leave() {
      await agent.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Nothing but the spending of codes may end a series of sign-ins: 21 codes in reach, and no lockout. */
export const spendingOnly = [
  "lockout.failures=0",
  "guessLimit=10000",
  "totpWindow.past=10",
  "totpWindow.future=10",
  "hotpLookAhead=20",
];
