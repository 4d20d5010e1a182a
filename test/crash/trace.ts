// What an undisturbed operation does to the state folder, call by call, and what it says meanwhile.

import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "./faults.ts";
import type { Heard, Operation } from "./operation.ts";
import type { Log, Site } from "./site.ts";

/** As faults.c records it. `lose` is a sync that failed. */
export interface Call {
  readonly call:
    | "create"
    | "empty"
    | "write"
    | "truncate"
    | "unlink"
    | "rename"
    | "mkdir"
    | "chmod"
    | "sync"
    | "lose"
    | "say";
  /** Within the folder, perhaps with a folder in front; "." is the folder. */
  readonly name: string;
  /** The new name, of a renaming. */
  readonly other: string;
  /** Where a write begins, how long a file is cut to. */
  readonly at: number;
  readonly bytes: Buffer;
}

export interface Trace {
  readonly calls: readonly Call[];
  /** A copy of the folder as it was before the first call. */
  readonly before: string;
}

export async function traceOf(site: Site, operation: Operation, log: Log, fault?: Fault): Promise<Trace> {
  const { machine } = site;
  const record = join(machine.folder, "calls");
  const before = join(machine.folder, "before");
  // With a full log twice: the first time finds out when it is full.
  for (let run = log === "full" ? 0 : 1; run < 2; run++) {
    machine.record = record;
    rmSync(record, { force: true });
    rmSync(before, { recursive: true, force: true });
    await site.restore(operation, log);
    await site.ready(operation, log);
    await operation.perform(site, () => {
      cpSync(machine.state, before, { recursive: true });
      machine.faults.arm(fault);
    });
    await machine.kill();
    machine.record = undefined;
  }
  return { calls: callsIn(record), before };
}

/** What a run has recorded. */
export function callsIn(record: string): Call[] {
  return readFileSync(record, "utf8").split("\n").slice(0, -1).map(toCall);
}

function toCall(line: string): Call {
  const [call = "", name = "", other = "", at = "", hex = ""] = line.split(" ");
  return { call: call as Call["call"], name, other, at: Number(at), bytes: Buffer.from(hex, "hex") };
}

/** What somebody has heard who has heard all that was said in these calls. */
export function heardIn(operation: Operation, calls: readonly Call[]): Heard {
  const said = calls.filter(({ call }) => call === "say").flatMap(({ bytes }) => words(bytes.toString()));
  return operation.hears?.(said) ?? said[0] ?? "";
}

function words(text: string): Heard[] {
  if (/^HTTP\/1\.1 200 /.test(text)) return ["done"];
  const verdict = /^END (\w+)/m.exec(text)?.[1];
  return verdict === undefined ? [] : [verdict as Heard];
}
