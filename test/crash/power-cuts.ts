// The power goes between two calls of a recorded operation: the agent is started on what the disk would have kept.

import { join } from "node:path";
import { Disk, type Kept } from "./disk.ts";
import type { Result } from "./findings.ts";
import { Findings, type Operation } from "./operation.ts";
import type { Site } from "./site.ts";
import { heardIn, type Trace } from "./trace.ts";

export interface Cut {
  /** So many calls were made. */
  readonly after: number;
  readonly kept: Kept;
  /** Of the choice among what was not synced. */
  readonly seed: number;
}

/** A picture for each place, and more where the disk had a choice. */
export function cutsOf({ calls, before }: Trace, choices: number): readonly Cut[] {
  const disk = new Disk(before);
  const cuts: Cut[] = [];
  for (let after = 0; after <= calls.length; after++) {
    const call = calls[after - 1];
    if (call !== undefined) disk.apply(call);
    cuts.push({ after, kept: "synced only", seed: 0 });
    if (!disk.isOpen) continue;
    cuts.push({ after, kept: "everything", seed: 0 });
    for (let choice = 1; choice <= choices; choice++)
      cuts.push({ after, kept: "some", seed: 1_000 * after + choice });
  }
  return cuts;
}

/** Adds to `result` what became of one cut. `server` is the server's folder after the operation. */
export async function cutAt(
  site: Site,
  operation: Operation,
  trace: Trace,
  cut: Cut,
  result: Result,
  server?: string,
): Promise<void> {
  const { machine } = site;
  await machine.kill();
  const disk = new Disk(trace.before);
  for (const call of trace.calls.slice(0, cut.after)) disk.apply(call);
  const picture = join(machine.folder, "picture");
  disk.writeTo(picture, cut.kept, mulberry(cut.seed));
  machine.restore(picture);
  machine.faults.disarm();
  const { serverRemembers = false } = operation;
  const remembers =
    typeof serverRemembers === "function" ? serverRemembers(picture, trace.before) : serverRemembers;
  if (operation.online) await site.restoreServer(operation, remembers ? server : undefined);
  const heard = heardIn(operation, trace.calls.slice(0, cut.after));
  const findings = new Findings();
  await operation.check(site, heard, findings);
  result.points += 1;
  const last = trace.calls[cut.after - 1];
  const point = `after call ${cut.after} (${last === undefined ? "none" : `${last.call} ${last.name}`}), kept: ${cut.kept}, seed ${cut.seed}, heard: ${heard || "nothing"}`;
  for (const finding of findings.all) result.findings.push({ point, finding });
}

/** mulberry32: the same numbers for the same seed, so that a finding can be looked at again. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
