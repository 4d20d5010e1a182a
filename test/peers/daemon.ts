// Somebody else's server, of Debian's packages: in a temporary folder, under its own account, at a port of this run.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { makeDevCertificate } from "../../server/listen/dev-ca.ts";

export interface Place {
  readonly folder: string;
  /** Nobody but root may become somebody else; other people's daemons refuse to be root. */
  readonly as: { readonly uid?: number; readonly gid?: number };
  /** An address of this machine. */
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** `at`: for those whose port can't be chosen. */
export async function makePlace(
  account: string,
  at?: { readonly host: string; readonly port: number },
): Promise<Place> {
  const { host, port } = at ?? { host: "127.0.0.1", port: await freePort() };
  const folder = mkdtempSync(join(tmpdir(), "nl-peer-"));
  const as = process.getuid?.() === 0 ? { uid: id("-u", account), gid: id("-g", account) } : {};
  const made = await makeDevCertificate(join(folder, "tls"), host);
  const [cert, key, ca] = [join(folder, "cert.pem"), join(folder, "key.pem"), join(folder, "ca.pem")];
  execFileSync("cp", [made.caPath, ca]);
  writeFileSync(cert, made.cert);
  writeFileSync(key, made.key, { mode: 0o600 });
  if (as.uid !== undefined) for (const path of [folder, cert, key]) chownSync(path, as.uid, as.gid ?? 0);
  return { folder, as, host, port, ca, cert, key };
}

function id(flag: string, account: string): number {
  return Number(execFileSync("id", [flag, account], { encoding: "utf8" }));
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export interface Daemon {
  stop(): Promise<void>;
}

/** Resolves once the port answers. */
export async function startDaemon(place: Place, program: string, args: readonly string[]): Promise<Daemon> {
  // Samba ends with its input: also when this process is killed.
  const child = spawn(program, args, { ...place.as, cwd: place.folder, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      said = (said + String(chunk)).slice(-4_096);
    });
  while (!(await answers(place))) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`);
    await pause(50);
  }
  return { stop: () => stop(child, place.folder) };
}

function answers({ host, port }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}
