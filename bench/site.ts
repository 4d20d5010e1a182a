// Both modules with the same users and secrets, in one namespace, so that one code serves both and syslog costs both the
// same. Our agent is the packaged executable; the server is gone before anything is measured.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import { Agent } from "../scripts/parts/agent.ts";
import { FreshCodes } from "../scripts/parts/codes.ts";
import { Namespace } from "../scripts/parts/namespace.ts";
import { root } from "../scripts/parts/program.ts";
import { nightlatchStack, writeService } from "../scripts/parts/relay.ts";
import { Server } from "../scripts/parts/server.ts";
import { runCommand } from "../server/cli/program.ts";
import { Relay } from "./relays.ts";

export interface BenchUser {
  readonly name: string;
  readonly codes: FreshCodes;
}

export interface BenchSite {
  readonly namespace: Namespace;
  readonly agent: Agent;
  readonly confdir: string;
  readonly users: readonly BenchUser[];
  relay(): Promise<Relay>;
  leave(): Promise<void>;
}

/** What google-authenticator itself writes when asked for time-based codes, reuse forbidden and its rate limit. */
const googleFile = (secret: string): string =>
  `${secret}\n" RATE_LIMIT 3 30\n" WINDOW_SIZE 3\n" DISALLOW_REUSE\n" TOTP_AUTH\n`;

export async function buildSite(userCount: number): Promise<BenchSite> {
  const namespace = await Namespace.enter();
  const { folder } = namespace;
  const inside = (command: readonly string[]) => namespace.inside(command);
  const data = join(folder, "server");
  const server = new Server(data);
  await server.start();
  mkdirSync(join(folder, "agent"));
  const daemon = join(root, "dist/nightlatchd");
  const { url, caFile } = server;
  const agent = new Agent({ folder: join(folder, "agent"), url, caFile, inside, daemon });
  await agent.start();
  await agent.join(await server.joinToken());

  const confdir = join(folder, "pam.d");
  const secrets = join(folder, "google");
  mkdirSync(secrets, { mode: 0o700 });
  writeService(confdir, "nightlatch", nightlatchStack(agent.dialogueSocket));
  writeService(
    confdir,
    "google",
    `auth required pam_google_authenticator.so user=root secret=${secrets}/\${USER}\n`,
  );
  writeService(confdir, "permit", "auth required pam_permit.so\n");

  const relay = async () => {
    const started = new Relay(confdir, inside);
    await started.ready();
    return started;
  };
  const enroller = await relay();
  const users: BenchUser[] = [];
  for (let at = 0; at < userCount; at++) {
    const name = `user${at}`;
    await command(data, "user", "add", name);
    const { secret } = JSON.parse(await command(data, "authenticator", "add", "totp", name)) as {
      secret: string;
    };
    writeFileSync(join(secrets, name), googleFile(secret), { mode: 0o400 });
    const codes = new FreshCodes({ secret, periodSeconds: 30 });
    const enrolled = await enroller.signIn({ service: "nightlatch", user: name, answer: await codes.next() });
    if (enrolled.code !== 0) throw new Error(`${name} can't sign in online: PAM code ${enrolled.code}`);
    users.push({ name, codes });
  }
  await enroller.stop();
  await server.stop();
  return {
    namespace,
    agent,
    confdir,
    users,
    relay,
    async leave() {
      await agent.stop();
      await namespace.leave();
    },
  };
}

/** The server's command line without a process for each call. */
async function command(data: string, ...args: string[]): Promise<string> {
  let out = "";
  let err = "";
  const status = await runCommand(["--data", data, "--json", ...args], {
    terminal: {
      out: (text) => (out += text),
      err: (text) => (err += text),
      outIsTerminal: false,
    },
    clock: systemClock,
    random: systemRandom,
    operator: "bench",
    environment: {},
    makeLog: () => {
      throw new Error("nothing is served here");
    },
    askedToEnd: () => Promise.resolve(),
  });
  if (status !== 0) throw new Error(`nightlatch-server ${args.join(" ")}: ${err}`);
  return out;
}
