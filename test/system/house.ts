// A machine as an admin would set it up, in a namespace of its own: users with passwords, su, sudo and sshd with
// pam_unix and then our module at its default socket, a running agent, and a server that the machine has joined.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Agent } from "../../scripts/parts/agent.ts";
import { Namespace } from "../../scripts/parts/namespace.ts";
import { Running, succeed } from "../../scripts/parts/program.ts";
import { pamModule } from "../../scripts/parts/relay.ts";
import { Server } from "../../scripts/parts/server.ts";

export const password = "correct horse";

const stack = `auth required pam_unix.so nodelay
auth required ${pamModule}
account required pam_unix.so
session required pam_permit.so
`;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(),
      );
    });
  });

export class House {
  readonly namespace: Namespace;
  readonly server: Server;
  readonly agent: Agent;
  readonly #sshd: Running;
  readonly #sshPort: number;
  readonly inside: (command: readonly string[]) => readonly string[];

  private constructor(namespace: Namespace, server: Server, agent: Agent, sshd: Running, sshPort: number) {
    this.namespace = namespace;
    this.server = server;
    this.agent = agent;
    this.#sshd = sshd;
    this.#sshPort = sshPort;
    this.inside = (command) => namespace.inside(command);
  }

  /** Every user may sudo, and may ssh with a key; `needKeys` must. */
  static async build(users: readonly string[], needKeys: readonly string[]): Promise<House> {
    const namespace = await Namespace.enter();
    const inside = (command: readonly string[]) => namespace.inside(command);
    const { folder } = namespace;
    await addUsers(namespace, users);
    for (const service of ["su", "su-l", "sudo", "sudo-i", "sshd"]) {
      await write(namespace, `/etc/pam.d/${service}`, stack);
    }
    const sudoers = users.map((user) => `${user} ALL=(ALL) ALL\n`).join("");
    await write(
      namespace,
      "/etc/sudoers",
      `Defaults passwd_tries=1,timestamp_timeout=0,!lecture\n${sudoers}`,
    );
    await succeed(inside(["chmod", "0440", "/etc/sudoers"]));

    const server = new Server(join(folder, "server"));
    await server.start();
    await succeed(inside(["mkdir", "-m", "755", "/run/nightlatch"]));
    mkdirSync(join(folder, "agent"));
    const { url, caFile } = server;
    const agent = new Agent({
      folder: join(folder, "agent"),
      sockets: "/run/nightlatch",
      url,
      caFile,
      inside,
    });
    await agent.start();
    await agent.join(await server.joinToken());

    const sshPort = await freePort();
    const sshd = await startSshd(namespace, sshPort, users, needKeys);
    return new House(namespace, server, agent, sshd, sshPort);
  }

  ssh(user: string, methods: string): readonly string[] {
    const { folder } = this.namespace;
    const options = {
      UserKnownHostsFile: join(folder, "known_hosts"),
      StrictHostKeyChecking: "accept-new",
      PreferredAuthentications: methods,
      IdentitiesOnly: "yes",
      IdentityFile: join(folder, "key"),
      NumberOfPasswordPrompts: "1",
      LogLevel: "ERROR",
    };
    const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    return ["ssh", "-F", "none", ...flags, "-p", String(this.#sshPort), `${user}@127.0.0.1`, "id -un"];
  }

  async leave(): Promise<void> {
    await this.#sshd.stop();
    await this.agent.stop();
    await this.server.stop();
    await this.namespace.leave();
  }
}

const write = (namespace: Namespace, path: string, text: string): Promise<string> =>
  succeed(namespace.inside(["sh", "-c", 'cat >"$1"', "sh", path]), { input: text });

async function addUsers(namespace: Namespace, users: readonly string[]): Promise<void> {
  const hash = (await succeed(["openssl", "passwd", "-6", password])).trim();
  for (const user of users) {
    const home = join(namespace.folder, "home", user);
    mkdirSync(home, { recursive: true });
    const flags = ["-M", "-d", home, "-s", "/bin/sh", "-p", hash];
    await succeed(namespace.inside(["useradd", ...flags, user]));
    await succeed(namespace.inside(["chown", user, home]));
  }
}

async function startSshd(
  namespace: Namespace,
  port: number,
  users: readonly string[],
  needKeys: readonly string[],
): Promise<Running> {
  const { folder } = namespace;
  for (const file of ["key", "host-key"]) {
    await succeed(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, file)]);
  }
  await succeed(namespace.inside(["mkdir", "-p", "/etc/nightlatch-test"]));
  for (const user of users) {
    const copy = ["cp", join(folder, "key.pub"), `/etc/nightlatch-test/${user}`];
    await succeed(namespace.inside(copy));
  }
  const config = `ListenAddress 127.0.0.1
Port ${port}
HostKey ${join(folder, "host-key")}
PidFile none
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication yes
PermitRootLogin no
AuthorizedKeysFile /etc/nightlatch-test/%u
UseDNS no
PrintMotd no
PrintLastLog no
LogLevel VERBOSE
AuthenticationMethods keyboard-interactive
Match User ${needKeys.join(",")}
  AuthenticationMethods publickey,keyboard-interactive
`;
  const file = join(folder, "sshd_config");
  writeFileSync(file, config);
  const sshd = new Running(namespace.inside(["/usr/sbin/sshd", "-D", "-e", "-f", file]));
  await sshd.says(/Server listening/);
  return sshd;
}
