// One outside program as one check: it passes when it exits with 0. What it prints is shown only when it fails.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Counts, oneFailed, onePassed } from "./counts.ts";

export const root = join(import.meta.dirname, "../..");
const modules = join(root, "node_modules/.bin");

export interface Command {
  readonly says: string;
  readonly run: readonly [string, ...string[]];
  /** Shown while it runs, for what takes long or tells a story. */
  readonly streams?: true;
}

/** The locked Node and the locked tools come before the system's. */
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${modules}:${process.env["PATH"] ?? ""}`,
};

/** The exit status; -1 when a signal ended it or it could not be started. */
export function exitOf({
  run: [program, ...args],
  streams,
}: Pick<Command, "run" | "streams">): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const child = spawn(program, args, {
    cwd: root,
    env: environment,
    stdio: ["ignore", streams ? "inherit" : "pipe", streams ? "inherit" : "pipe"],
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (bytes: Buffer) => said.push(bytes));
  child.on("error", (error) => {
    console.error(`${program} can't be started: ${error.message}`);
    resolve(-1);
  });
  child.on("close", (code) => {
    if (code !== 0) process.stdout.write(Buffer.concat(said));
    resolve(code ?? -1);
  });
  return promise;
}

export async function check(command: Command): Promise<Counts> {
  const begun = performance.now();
  const status = await exitOf(command);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`  ${status === 0 ? "ok    " : "FAILED"} ${command.says} (${seconds} s)`);
  return status === 0 ? onePassed : oneFailed(command.says);
}

/** Root for what mounts, adds users and starts sshd; the same program when we are root already. */
export const asRoot = (program: string, ...args: string[]): [string, ...string[]] =>
  process.getuid?.() === 0
    ? [program, ...args]
    : ["sudo", "env", `PATH=${environment["PATH"]}`, `CI=${process.env["CI"] ?? ""}`, program, ...args];

/** What root has written into the checkout goes back to its owner, or their next `npm ci` could not remove it. */
export async function giveBack(): Promise<void> {
  if (process.getuid?.() === 0) return;
  const written = ["node_modules/.vitest-cache", "node_modules/.vite", "node_modules/.compiled", "build"];
  const present = written.filter((path) => existsSync(join(root, path)));
  await exitOf({ run: asRoot("chown", "-R", `${process.getuid?.()}:${process.getgid?.()}`, ...present) });
}
