// The program as it is run: `scripts/nightlatch-server` in a process of its own, over HTTP or HTTPS.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Fetch } from "./machine.ts";
import { databaseFor } from "./postgres/databases.ts";

const program = fileURLToPath(new URL("../../scripts/nightlatch-server", import.meta.url));

/** For programs that are started from source again and again: Node keeps what it has compiled, by its content. */
export const compiled = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../../node_modules/.compiled", import.meta.url)),
} as const;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...compiled, ...(await databaseOf(args, env)), ...env },
  });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const [code] = await once(child, "close");
  return { code, out: out(), err: err() };
}

/** On PostgreSQL: the database of the folder that the command names. */
async function databaseOf(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Record<string, string>> {
  const folder = args.includes("--data") ? args[args.indexOf("--data") + 1] : env["NIGHTLATCH_DATA"];
  const url = folder === undefined ? undefined : await databaseFor(folder);
  return url === undefined ? {} : { NIGHTLATCH_DATABASE: url };
}

export interface Served {
  readonly url: string;
  readonly fingerprint: string;
  readonly ca: string | null;
  readonly metrics: string | null;
  readonly child: ChildProcess;
  log(): string;
  /** Resolves once the log has had a line with this message so many times. */
  logged(message: string, times?: number): Promise<void>;
}

/** Resolves once it listens. Ended with the test. A new server where the folder is not there yet. */
export async function serve(
  args: readonly string[],
  env: Record<string, string> = {},
  whenOver: (end: () => Promise<void>) => void = onTestFinished,
): Promise<Served> {
  const child = spawn(program, ["--json", "serve", "--init", "--listen", "127.0.0.1:0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...compiled, ...(await databaseOf(args, env)), ...env },
  });
  whenOver(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  });
  const log = collect(child.stderr);
  const [line] = await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error(`the server ended: ${log()}`))),
  ]);
  const logged = async (message: string, times = 1): Promise<void> => {
    while (log().split(`"msg":"${message}`).length <= times) await once(child.stderr, "data");
  };
  return { ...JSON.parse(String(line)), child, log, logged };
}

/** A `fetch` that trusts one CA and no other. */
export function httpsFetch(caPath: string): Fetch {
  const ca = readFileSync(caPath);
  return async (request) => {
    const body = Buffer.from(await request.arrayBuffer());
    const headers = Object.fromEntries(request.headers);
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(request.url, { method: request.method, headers, ca }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () => {
          const status = incoming.statusCode ?? 0;
          const received = Object.entries(incoming.headers).map(
            ([key, value]) => [key, String(value)] as const,
          );
          resolve(new Response(Buffer.concat(chunks), { status, headers: Object.fromEntries(received) }));
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.on("data", (chunk) => {
    text += String(chunk);
  });
  return () => text;
}
