// A machine of its own: a minimal Debian with systemd as process 1, in a container without a network, with server and
// agent installed by the steps of docs/admin-guide.md.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fetchDebian } from "../../scripts/parts/debian.ts";
import { Running, type Ran, root, run, succeed } from "../../scripts/parts/program.ts";

export const password = "correct-horse";
const base = join(root, "build/booted/base");
const packages = ["systemd", "systemd-sysv", "dbus", "login", "passwd", "adduser", "util-linux", "openssl"];
/** What the executables need beside the C library. */
packages.push("libatomic1", "libstdc++6");

/** As the admin guide has it; `/checkout` is this checkout, read-only. */
const installation = `set -eu
cd /checkout
install -m 755 dist/nightlatch-server dist/nightlatchd /usr/local/sbin/
install -m 755 dist/nightlatch /usr/local/bin/
install -m 644 build/pam/pam_nightlatch.so /usr/lib/*-linux-gnu/security/
install -m 644 packaging/systemd/* /etc/systemd/system/
adduser --system --group --no-create-home --home /nonexistent nightlatch-server
adduser --system --group --no-create-home --home /nonexistent nightlatch
getent group tss || groupadd --system tss
install -d -m 700 -o nightlatch-server -g nightlatch-server /var/lib/nightlatch-server
install -d -m 755 /etc/nightlatch
cd /etc/nightlatch
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj /CN=nightlatch \\
  -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out chain.pem
chown nightlatch-server key.pem
chmod 600 key.pem
cat > server.toml <<'END'
data = "/var/lib/nightlatch-server"

[listen]
address = "127.0.0.1:8443"
tls_cert = "/etc/nightlatch/chain.pem"
tls_key = "/etc/nightlatch/key.pem"
END
cat > nightlatchd.toml <<'END'
[server]
url = "https://127.0.0.1:8443"
ca_file = "/etc/nightlatch/chain.pem"
END
useradd --create-home --shell /bin/sh alice
echo alice:${password} | chpasswd
sed -i 's/^@include common-auth/&\\nauth required pam_nightlatch.so/' /etc/pam.d/login
grep -q nightlatch /etc/pam.d/login
`;

export class Machine {
  readonly #folder: string;
  #console: Running | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** In `folder`, which must not be there. Not started yet. */
  static async installed(folder: string): Promise<Machine> {
    await fetchDebian({ folder: base, release: "bookworm", packages });
    await succeed(["cp", "--archive", base, folder], { withinMs: 120_000 });
    const within = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network"];
    const mount = `--bind-ro=${root}:/checkout`;
    await succeed([...within, mount, "--pipe", "-D", folder, "sh", "-c", installation], {
      withinMs: 120_000,
    });
    return new Machine(folder);
  }

  /** Resolves when somebody could sign in. */
  async boot(): Promise<void> {
    // script(1) gives the machine's console a terminal.
    const command = `systemd-nspawn --quiet --register=no --keep-unit --private-network --boot -D ${this.#folder}`;
    this.#console = new Running(["script", "--quiet", "--return", "--command", command, "/dev/null"], {
      ...process.env,
      TERM: "dumb",
    });
    await this.#console.says(/ login: /, 90_000);
  }

  get console(): Running {
    if (this.#console === undefined) throw new Error("the machine is not running");
    return this.#console;
  }

  /** Every process of the machine is killed at once. */
  async killAll(): Promise<void> {
    await succeed(["kill", "-KILL", await this.#leader()]);
    await this.console.end();
  }

  async halt(): Promise<void> {
    if (this.#console === undefined) return;
    await run(["kill", "-KILL", await this.#leader()]);
    await this.#console.end();
    this.#console = undefined;
  }

  /** A command as root in the running machine, with an environment of its own. */
  async run(...command: string[]): Promise<Ran> {
    const into = ["nsenter", "--target", await this.#leader(), "--mount", "--uts", "--ipc", "--net", "--pid"];
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    return run([...into, "--cgroup", "--", "env", "-i", path, ...command], { withinMs: 60_000 });
  }

  async sh(script: string): Promise<string> {
    const ran = await this.run("sh", "-ec", script);
    if (ran.status !== 0) throw new Error(`${script} ended with ${ran.status}:\n${ran.err}${ran.out}`);
    return ran.out;
  }

  /** The server's command line, as the account it runs under. */
  server(...args: string[]): Promise<string> {
    return this.sh(`runuser -u nightlatch-server -- nightlatch-server ${args.join(" ")}`);
  }

  /** Process 1 of the machine, as the host names it. */
  async #leader(): Promise<string> {
    const children = (pid: string) =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    const [nspawn = ""] = children(String(this.console.pid));
    for (let tries = 0; tries < 100; tries++) {
      const [leader = ""] = children(nspawn);
      if (leader !== "") return leader;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the machine has no process 1");
  }
}
