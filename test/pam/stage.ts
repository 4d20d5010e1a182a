// A folder in which the PAM module is tried without touching the system: service files, a socket's place, the driver.

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** NIGHTLATCH_PAM_SANITIZE=1 tries a build with ASan and UBSan instead. */
const sanitize = process.env["NIGHTLATCH_PAM_SANITIZE"] === "1";
const build = join(root, sanitize ? "build/pam-sanitized" : "build/pam");

export const modulePath = join(build, "pam_nightlatch.so");
export const drivePath = join(build, "drive");
export const isRoot = process.getuid?.() === 0;
/** Node 26, which runs TypeScript as it is; what runs the tests need not. */
export const nodePath = join(root, "node_modules/.bin/node");

export function buildModule(): void {
  const environment = { ...process.env, OUT: build, ...(sanitize ? { SANITIZE: "1" } : {}) };
  execFileSync(join(root, "scripts/pam/build"), {
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/** The account besides root that owns what the tests make: the one that runs them. */
export const me = userInfo().username;

export interface Stage {
  readonly folder: string;
  readonly socket: string;
  /** Writes a service file. `nightlatch` in a line stands for the module's path with `socket` and `agent_user`. */
  service(name: string, lines: readonly string[]): void;
  /** A service with nothing but the module: `auth required`, with further arguments. */
  alone(name: string, ...args: readonly string[]): void;
  drive(options: DriveOptions): Promise<Driven>;
  remove(): void;
}

export interface DriveOptions {
  readonly service?: string;
  readonly user?: string;
  readonly args?: readonly string[];
  readonly answers?: readonly (string | Buffer)[];
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Driven {
  /** What the person saw, a line each: `info: …`, `error: …`, `ask hidden: …`, `ask shown: …`. */
  readonly seen: readonly string[];
  /** What the module logged, a line each: `warning: …`. */
  readonly log: readonly string[];
  /** Result of each call by its name. */
  readonly results: Readonly<Record<string, string>>;
  readonly auth: string | undefined;
  readonly exit: number | null;
  readonly stderr: string;
  readonly ms: number;
}

export function makeStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-pam-"));
  chmodSync(folder, 0o755);
  const confdir = join(folder, "pam.d");
  const run = join(folder, "run");
  for (const each of [confdir, run]) {
    mkdirSync(each);
    chmodSync(each, 0o755);
  }
  const socket = join(run, "dialogue.sock");
  const service = (name: string, lines: readonly string[]) => {
    const module = `${modulePath} socket=${socket} agent_user=${me}`;
    const text = lines.map((line) => line.replace(/(?<= )nightlatch(?= |$)/, module)).join("\n");
    writeFileSync(join(confdir, name), `${text}\n`, { mode: 0o644 });
  };
  service(
    "other",
    ["auth", "account", "password", "session"].map((type) => `${type} required pam_deny.so`),
  );
  return {
    folder,
    socket,
    service,
    alone: (name, ...args) => service(name, [["auth required nightlatch", ...args].join(" ")]),
    drive: (options) => drive(confdir, options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function drive(confdir: string, options: DriveOptions): Promise<Driven> {
  const answers = (options.answers ?? []).flatMap((answer) =>
    typeof answer === "string" ? ["--answer", answer] : ["--answer-hex", answer.toString("hex")],
  );
  const args = ["--log", "--confdir", confdir, "--service", options.service ?? "nightlatch"];
  args.push(...answers, ...(options.args ?? []));
  if (options.user !== "") args.push(options.user ?? "alice");
  const started = performance.now();
  const child = spawn(resolve(drivePath), args, {
    // Nothing is inherited: the language is part of what the module sends.
    env: { PATH: "/usr/bin:/bin", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (exit) => done(driven(stdout, stderr, exit, performance.now() - started)));
  });
}

function driven(stdout: string, stderr: string, exit: number | null, ms: number): Driven {
  const seen: string[] = [];
  const log: string[] = [];
  const results: Record<string, string> = {};
  for (const line of stdout.split("\n").slice(0, -1)) {
    const result = /^result(?: (\w+))?: (\w+\??) \(-?\d+\)$/.exec(line);
    if (line.startsWith("log ")) log.push(line.slice(4));
    else if (result === null) seen.push(line);
    else results[result[1] ?? "auth"] = result[2] ?? "";
  }
  return { seen, log, results, auth: results["auth"], exit, stderr, ms };
}
