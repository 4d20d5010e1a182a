// What the agent costs a machine: memory, and the time from its start until it serves.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { Agent } from "../scripts/parts/agent.ts";
import { succeed } from "../scripts/parts/program.ts";
import { quantile } from "./figures.ts";

export interface Memory {
  /** All resident pages, those of the executable that it shares with nobody else among them. */
  readonly residentMb: number;
  /** Of it what belongs to the process alone and is not backed by a file. */
  readonly anonymousMb: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (field: string): number => {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
    return Math.round(Number(kilobytes) / 102.4) / 10;
  };
  return { residentMb: megabytes("VmRSS"), anonymousMb: megabytes("RssAnon") };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Speaks for a relay until the first question; calls `accepted` as soon as the agent takes the connection. */
function firstQuestion(socket: string, user: string, accepted: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.on("error", () => resolve(false));
    connection.on("connect", () => {
      accepted();
      connection.write(`BEGIN 1 kind=logon user=${user} service=login\n`);
    });
    let heard = "";
    connection.on("data", (bytes) => {
      heard += bytes.toString();
      if (!/^ASK /m.test(heard)) return;
      connection.destroy();
      resolve(true);
    });
    connection.on("close", () => resolve(false));
  });
}

export interface StartTimes {
  /** Milliseconds from starting the process until it takes a connection. */
  readonly accepting: readonly number[];
  /** … and until it asks the first question of a sign-in, with the user's record read and the server found dead. */
  readonly asking: readonly number[];
}

export async function startTimes(agent: Agent, user: string, times: number): Promise<StartTimes> {
  const accepting: number[] = [];
  const asking: number[] = [];
  for (let round = 0; round < times; round++) {
    await agent.stop();
    await pause(200);
    const begun = performance.now();
    let accepted = Number.NaN;
    agent.launch();
    const mark = () => {
      accepted = performance.now() - begun;
    };
    while (!(await firstQuestion(agent.dialogueSocket, user, mark))) await pause(1);
    accepting.push(accepted);
    asking.push(performance.now() - begun);
  }
  return { accepting, asking };
}

/** The same for a Node.js that has nothing to do: below this no agent on it can get. */
export async function bareStart(executable: string, times: number): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let round = 0; round < times; round++) {
    const begun = performance.now();
    await succeed([executable, "-e", "0"]);
    samples.push(performance.now() - begun);
  }
  return samples;
}

export const summary = (samples: readonly number[]) => ({
  samples: samples.length,
  medianMs: Math.round(quantile(samples, 0.5)),
  worstMs: Math.round(Math.max(...samples)),
});

/**
 * Pages of a file that was just written lie in large blocks in the page cache, and a process that touches one page is
 * charged for the block: 50 MB more than after a boot. So the cache lets go of the executable first.
 */
export async function idleMemory(agent: Agent, executable: string): Promise<Memory> {
  await agent.stop();
  await succeed(["sync", executable]);
  await succeed(["dd", `if=${executable}`, "iflag=nocache", "count=0", "status=none"]);
  await agent.start();
  await pause(3_000);
  return memoryOf(agent.pid);
}
