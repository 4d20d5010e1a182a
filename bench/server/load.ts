// The busy machines, each with one request in flight: made and signed beforehand, so that what is measured is the server.

import { Agent, request } from "node:https";
import { hotpCode } from "../../otp/hotp.ts";
import { exchanges } from "../../protocol/sync/exchanges.ts";
import type { Busy } from "./fleet.ts";

export interface Prepared {
  readonly path: string;
  readonly body: Uint8Array;
  readonly headers: Record<string, string>;
}

export interface Sample {
  readonly ms: number;
  /** 0 when it was answered as it should be. */
  readonly code: number;
}

function signed({ machine }: Busy, path: string, content: object): Prepared {
  const body = Buffer.from(JSON.stringify(content), "utf8");
  return { path, body, headers: { ...machine.sign(path, body), "content-type": "application/json" } };
}

/** Sign-ins with a code each that was never used before; `first` is the HOTP counter they begin with. */
export function verifications(busy: Busy, first: number, count: number): Prepared[] {
  return Array.from({ length: count }, (_, at) => {
    const code = hotpCode({ secret: busy.secret, algorithm: "sha1", digits: 6 }, first + at);
    return signed(busy, exchanges.verify.path, busy.machine.verifyRequest(busy.user, [code]));
  });
}

/** Syncs that bring nothing new. */
export function syncs(busy: Busy, count: number): Prepared[] {
  return Array.from({ length: count }, () => signed(busy, exchanges.sync.path, busy.machine.syncRequest()));
}

export interface Ran {
  readonly samples: readonly Sample[];
  readonly seconds: number;
}

export interface Instance {
  readonly url: string;
  readonly ca: string;
}

/** All machines at once, spread over the instances; each its own requests in order over one connection that stays open. */
export async function runAll(
  instances: readonly Instance[],
  all: readonly (readonly Prepared[])[],
  good: (answer: string) => boolean,
  monotonicMs: () => number,
): Promise<Ran> {
  const samples: Sample[] = [];
  const begun = monotonicMs();
  await Promise.all(
    all.map(async (prepared, at) => {
      const { url, ca } = instances[at % instances.length] as Instance;
      const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
      for (const one of prepared) {
        const from = monotonicMs();
        const { status, text } = await send(url, agent, one);
        samples.push({ ms: monotonicMs() - from, code: status === 200 && good(text) ? 0 : 1 });
      }
      agent.destroy();
    }),
  );
  return { samples, seconds: (monotonicMs() - begun) / 1_000 };
}

function send(url: string, agent: Agent, one: Prepared): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url + one.path, { method: "POST", headers: one.headers, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(one.body);
  });
}
