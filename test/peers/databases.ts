// PostgreSQL and MariaDB with people in them.

import { execFileSync } from "node:child_process";
import { appendFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, makePlace, type Place, startDaemon } from "./daemon.ts";

export const password = "s3cret of the reader";

export interface Peer extends Daemon {
  readonly place: Place;
  readonly url: string;
  /** As the database's own admin. */
  run(sql: string): void;
}

export async function startPostgres(): Promise<Peer> {
  const place = await makePlace("postgres");
  const home = "/usr/lib/postgresql";
  const newest = readdirSync(home).sort((a, b) => Number(b) - Number(a))[0] ?? "none";
  const bin = (name: string) => join(home, newest, "bin", name);
  const data = join(place.folder, "data");
  const options = { ...place.as, cwd: place.folder, stdio: ["ignore", "ignore", "pipe"] as const };
  const init = ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
  execFileSync(bin("initdb"), init, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  writeFileSync(
    join(data, "pg_hba.conf"),
    "local all postgres trust\nhost all reader 127.0.0.1/32 scram-sha-256\nhost all reader ::1/128 scram-sha-256\n",
  );
  const settings = {
    listen_addresses: "localhost",
    port: String(place.port),
    unix_socket_directories: place.folder,
    ssl: "on",
    ssl_cert_file: place.cert,
    ssl_key_file: place.key,
    fsync: "off",
  };
  for (const [name, value] of Object.entries(settings))
    appendFileSync(join(data, "postgresql.conf"), `${name} = '${value}'\n`);
  const daemon = await startDaemon(place, bin("postgres"), ["-D", data]);
  const run = (sql: string) => {
    const to = [
      "-h",
      place.folder,
      "-p",
      String(place.port),
      "-U",
      "postgres",
      "-v",
      "ON_ERROR_STOP=1",
      "-q",
    ];
    execFileSync("psql", [...to, "-f", "-", "postgres"], { input: sql, stdio: ["pipe", "ignore", "pipe"] });
  };
  run(`create role reader login password '${password}'; grant pg_read_all_data to reader`);
  return { ...daemon, place, url: `postgres://reader@localhost:${place.port}/postgres`, run };
}

export async function startMariaDb(): Promise<Peer> {
  const place = await makePlace("mysql");
  const data = join(place.folder, "data");
  const socket = join(place.folder, "s");
  const common = ["--no-defaults", `--datadir=${data}`];
  execFileSync(
    "mariadb-install-db",
    [...common, "--auth-root-authentication-method=normal", "--skip-test-db"],
    {
      ...place.as,
      cwd: place.folder,
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const tls = [`--ssl-cert=${place.cert}`, `--ssl-key=${place.key}`, `--ssl-ca=${place.ca}`];
  const at = [`--port=${place.port}`, "--bind-address=127.0.0.1", `--socket=${socket}`];
  const quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"];
  const daemon = await startDaemon(place, "/usr/sbin/mariadbd", [
    ...common,
    ...tls,
    ...at,
    ...quick,
    "--character-set-server=utf8mb4",
  ]);
  const run = (sql: string) => {
    execFileSync(
      "mariadb",
      ["--no-defaults", "-u", "root", `--socket=${socket}`, "--default-character-set=utf8mb4"],
      {
        input: sql,
        stdio: ["pipe", "ignore", "pipe"],
      },
    );
  };
  run(
    `create database hr; create user reader@'%' identified by '${password}'; grant select on hr.* to reader@'%';`,
  );
  return { ...daemon, place, url: `mysql://reader@localhost:${place.port}/hr`, run };
}
