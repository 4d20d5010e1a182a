// The container with its database in a PostgreSQL, on another host: by name, over TLS, with a password from a file.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../server/postgres/cluster.ts";
import { urlOf } from "../server/postgres/databases.ts";
import { account, Container, makeCertificate, makeEtc, optionsOfTheHead, thePodman } from "./running.ts";

const podman = thePodman();
/** As Podman calls the machine in every container. */
const host = "host.containers.internal";
let cluster: Cluster;
let folder: string;
let port: number;
let etc: string;
let options: readonly string[];
let container: Container | undefined;

const sql = (text: string, database = "postgres"): string => {
  const env = { ...process.env, PGPORT: String(port) };
  return execFileSync("psql", [urlOf(cluster.url, database), "-qAtc", text], {
    encoding: "utf8",
    env,
  }).trim();
};

/** PostgreSQL names its socket after its port, so it can't be left to choose. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.listen(0, "0.0.0.0", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(),
      );
    });
  });

beforeAll(async () => {
  // Where PostgreSQL's account can look into, unlike the folder of images.
  folder = mkdtempSync(join(tmpdir(), "nightlatch-container-tls-"));
  chmodSync(folder, 0o755);
  const [chain, key] = [join(folder, "chain.pem"), join(folder, "key.pem")];
  const owner = Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }));
  makeCertificate({ chain, key, owner, host: `DNS:${host}` });
  port = await freePort();
  cluster = await startCluster([
    "listen_addresses=*",
    `port=${port}`,
    "ssl=on",
    `ssl_cert_file=${chain}`,
    `ssl_key_file=${key}`,
  ]);
  sql("create role nightlatch login password 'open sesame'");
  sql("create database nightlatch owner nightlatch");
  const rules = sql("show hba_file");
  writeFileSync(rules, `hostssl nightlatch nightlatch all scram-sha-256\n${readFileSync(rules, "utf8")}`);
  sql("select pg_reload_conf()");
  const url = `postgres://nightlatch@${host}:${port}/nightlatch?sslmode=verify-full&sslrootcert=/etc/nightlatch/db.pem`;
  etc = makeEtc(podman, `database = "${url}"\n`);
  copyFileSync(chain, join(etc, "db.pem"));
  const passwords = join(etc, "pgpass");
  writeFileSync(passwords, "*:*:nightlatch:nightlatch:open sesame\n", { mode: 0o600 });
  chownSync(passwords, account, account);
  options = optionsOfTheHead("postgres", etc);
});

afterAll(async () => {
  await container?.remove();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const withPassword = "--env=PGPASSFILE=/etc/nightlatch/pgpass";
const init = (...more: string[]) =>
  podman.run(["run", "--rm", ...options, ...more, "nightlatch-server", "init"]);

test("without the password nothing is made, and it says that PostgreSQL wants one", async () => {
  const { status, err } = await init();
  expect([status, err]).toEqual([1, expect.stringMatching(/PostgreSQL asks for a password/)]);
});

test("with it `init` makes the server in the database that server.toml names, and the key alone in the volume", async () => {
  const { status, err } = await init(withPassword);
  expect([status, err]).toEqual([0, ""]);
  const [volume] = JSON.parse(await podman.succeed(["volume", "inspect", "postgres"])) as {
    Mountpoint: string;
  }[];
  expect(readdirSync(volume?.Mountpoint ?? "")).toEqual(["server.key"]);
});

test("it is served from there, commands write there, and it ends in order", async () => {
  container = await Container.serving(podman, "on-postgres", [...options, withPassword]);
  expect(await container.status("/readyz", join(etc, "chain.pem"))).toBe(200);
  await container.cli("user", "add", "alice");
  expect(sql("select name from users", "nightlatch")).toBe("alice");
  expect(await container.stop()).toBe(0);
});
