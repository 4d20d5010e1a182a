// A PostgreSQL of the tests' own, from Debian's packages: in a temporary folder, reached by a Unix socket, with every
// commit on the disk as in life.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

export interface Cluster {
  /** Of the database `postgres`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Where Debian has the newest of its versions. */
function programs(): string {
  const home = "/usr/lib/postgresql";
  const versions = readdirSync(home).sort((a, b) => Number(b) - Number(a));
  if (versions[0] === undefined) throw new Error(`no PostgreSQL in ${home}: run scripts/setup`);
  return join(home, versions[0], "bin");
}

/** PostgreSQL refuses to be run by root. */
function account(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** `more` settings, as "name=value", win over those of every cluster here. */
export async function startCluster(more: readonly string[] = []): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "nl-pg-"));
  const as = account();
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid ?? 0);
  chmodSync(folder, 0o755);
  const data = join(folder, "data");
  const bin = programs();
  const user = as.uid === undefined ? userInfo().username : "postgres";
  const init = ["-D", data, "-A", "trust", "-U", user, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
  execFileSync(join(bin, "initdb"), init, { ...as, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const settings = ["listen_addresses=", `unix_socket_directories=${folder}`, "max_connections=300", ...more];
  const server = spawn(
    join(bin, "postgres"),
    ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
    { ...as, cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  await new Promise<void>((resolve, reject) => {
    let said = "";
    server.stderr.on("data", (chunk) => {
      said = (said + String(chunk)).slice(-4_096);
      if (said.includes("database system is ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`PostgreSQL ended: ${said}`)));
  });
  return {
    url: `postgres://${user}@/postgres?host=${folder}`,
    async stop() {
      // At once: what hundreds of databases have in memory need not reach a disk that is about to be emptied.
      server.kill("SIGQUIT");
      if (server.exitCode === null) await once(server, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
