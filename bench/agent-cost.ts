// What the agent costs a machine: memory, and the time from its start until it serves.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { Agent } from "../scripts/parts/agent.ts";
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

/** Resolves when the agent asks the first question of a sign-in. */
function firstQuestion(socket: string, user: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.on("error", () => resolve(false));
    connection.on("connect", () => connection.write(`BEGIN 1 kind=logon user=${user} service=login\n`));
    let heard = "";
    connection.on("data", (bytes) => {
      heard += bytes.toString();
      if (!heard.includes("\nASK ") && !heard.startsWith("ASK ")) return;
      connection.destroy();
      resolve(true);
    });
    connection.on("close", () => resolve(false));
  });
}

/** Milliseconds from starting the process to the first question asked of a person. */
export async function startTimes(agent: Agent, user: string, times: number): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let round = 0; round < times; round++) {
    await agent.stop();
    await pause(200);
    const begun = performance.now();
    agent.launch();
    while (!(await firstQuestion(agent.dialogueSocket, user))) await pause(1);
    samples.push(performance.now() - begun);
  }
  return samples;
}

export const summary = (samples: readonly number[]) => ({
  samples: samples.length,
  medianMs: Math.round(quantile(samples, 0.5)),
  worstMs: Math.round(Math.max(...samples)),
});

export async function idleMemory(agent: Agent): Promise<Memory> {
  await agent.stop();
  await agent.start();
  await pause(3_000);
  return memoryOf(agent.pid);
}
