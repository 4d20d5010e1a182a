// kill -9 at every call that changes a file of the state folder, and at the verdict's first byte: before the call, after
// it, and within a write at every sector.

import { type Fault, saysFault } from "./faults.ts";
import type { Result } from "./findings.ts";
import { Findings, type Operation } from "./operation.ts";
import type { Log, Site } from "./site.ts";
import type { Call } from "./trace.ts";

const sector = 512;

/** Every place to die at, in the order of time; `sparing` dies within a page once and not at each of its sectors. */
export function killPoints(calls: readonly Call[], sparing = false): readonly Fault[] {
  return calls.flatMap(({ call, bytes: { length: bytes } }, index): Fault[] => {
    const at = index + 1;
    const cuts: Fault[] = [];
    if (call === "write") {
      const step = bytes > sector ? sector : Math.ceil(bytes / 2);
      for (let cut = step; cut < bytes; cut += step) cuts.push({ action: "kill-within", at, cut });
    }
    // Another sector of each page.
    if (sparing && cuts.length > 1)
      cuts.splice(0, cuts.length, ...cuts.slice(index % cuts.length).slice(0, 1));
    return [{ action: "kill-before", at }, ...cuts, { action: "kill-after", at }];
  });
}

/** Adds to `result` what one kill did. False when the operation was over before the call came. */
export async function killAt(
  site: Site,
  operation: Operation,
  log: Log,
  fault: Fault,
  result: Result,
): Promise<boolean> {
  const { machine } = site;
  await site.restore(operation, log);
  await site.ready(operation, log);
  const heard = await operation.perform(site, () => machine.faults.arm(fault));
  const { struck } = machine.faults;
  if (struck === undefined) return false;
  await machine.ended();
  const findings = new Findings();
  await operation.check(site, heard, findings);
  result.points += 1;
  for (const finding of findings.all)
    result.findings.push({ point: `${saysFault(fault)} (${struck}), heard: ${heard || "nothing"}`, finding });
  return true;
}
