// Sign-ins through libpam and the compiled module, driven by build/pam/drive, which stands in for login.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./program.ts";

export const pamModule = join(root, "build/pam/pam_nightlatch.so");
const drive = join(root, "build/pam/drive");

/** Writes a service file for one module alone, so that its answer is the stack's answer. */
export function writeService(confdir: string, service: string, stack: string): void {
  mkdirSync(confdir, { recursive: true });
  writeFileSync(join(confdir, service), stack);
}

export const nightlatchStack = (socket: string, options = ""): string =>
  `auth required ${pamModule} socket=${socket} ${options}\naccount required pam_permit.so\n`;

export interface SignIn {
  readonly user: string;
  readonly answers: readonly string[];
  readonly confdir: string;
  readonly service?: string;
}

export interface Seen {
  /** The PAM code's name, such as PAM_SUCCESS. */
  readonly result: string;
  /** What was on the screen, line by line: "info: …", "ask hidden: …". */
  readonly screen: readonly string[];
  readonly tookMs: number;
}

export const driveCommand = ({ user, answers, confdir, service = "login" }: SignIn): readonly string[] => [
  drive,
  "--confdir",
  confdir,
  "--service",
  service,
  ...answers.flatMap((answer) => ["--answer", answer]),
  user,
];

export async function signIn(attempt: SignIn, withinMs = 30_000): Promise<Seen> {
  const begun = performance.now();
  const { out, err } = await run(driveCommand(attempt), { withinMs });
  const tookMs = performance.now() - begun;
  const lines = out.split("\n").filter((text) => text !== "");
  const result = /^result: (\w+)/m.exec(out)?.[1];
  if (result === undefined) throw new Error(`drive gave no result: ${out}${err}`);
  return { result, screen: lines.filter((text) => !text.startsWith("result: ")), tookMs };
}
