// A call fails as on a broken, full or read-only disk, once or from then on: no success comes of it, and when the disk is
// well again the same process and the next one go on as if nothing had been.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Fault, saysFault } from "./faults.ts";
import type { Result } from "./findings.ts";
import { Findings, type Operation } from "./operation.ts";
import type { Log, Site } from "./site.ts";
import { type Call, callsIn } from "./trace.ts";

const takesSpace: readonly Call["call"][] = ["write", "create"];

export function failPoints(calls: readonly Call[]): readonly Fault[] {
  return calls.flatMap(({ call }, index): Fault[] => {
    const at = index + 1;
    if (call === "say") return [];
    const faults: Fault[] = [
      { action: "fail-once", at, error: "EIO" },
      { action: "fail-from-then-on", at, error: "EIO" },
      { action: "fail-from-then-on", at, error: "EROFS" },
    ];
    if (takesSpace.includes(call))
      faults.push(
        { action: "fail-once", at, error: "ENOSPC" },
        { action: "fail-from-then-on", at, error: "ENOSPC" },
      );
    return faults;
  });
}

/**
 * The sync that failed had nothing to do: SQLite begins a checkpoint with a sync of the log (walCheckpoint in wal.c), also
 * right after the commit's own, which has succeeded.
 */
function isSyncAgain(calls: readonly Call[]): boolean {
  const at = calls.findIndex(({ call }) => call === "lose");
  const [before, failed] = [calls[at - 1], calls[at]];
  return before?.call === "sync" && before.name === failed?.name;
}

/** Adds to `result` what came of one failure. False when the operation was over before the call came. */
export async function failAt(
  site: Site,
  operation: Operation,
  log: Log,
  fault: Fault,
  result: Result,
): Promise<boolean> {
  const { machine } = site;
  const record = join(machine.folder, "calls");
  rmSync(record, { force: true });
  machine.record = record;
  await site.restore(operation, log);
  await site.ready(operation, log);
  const heard = await operation.perform(site, () => machine.faults.arm(fault));
  const { struck } = machine.faults;
  machine.faults.disarm();
  machine.record = undefined;
  if (struck === undefined) return false;
  const findings = new Findings();
  // The commit is in the log; what fails in the database is the checkpoint after it, which is done again later.
  const ofCommit = struck.includes("-wal") && !struck.startsWith("unlink") && !isSyncAgain(callsIn(record));
  if (heard === "granted" && ofCommit && operation.hears === undefined)
    findings.add("false success", "granted, and the commit has failed");
  if (heard === "") findings.add("locked out", "no answer");
  await operation.check(site, heard, findings);
  await machine.kill();
  await machine.start();
  const state = (await machine.status())?.state;
  if (state !== "healthy") findings.add("unreadable", `at the next start: ${state}`);
  result.points += 1;
  for (const finding of findings.all)
    result.findings.push({ point: `${saysFault(fault)} (${struck}), heard: ${heard || "nothing"}`, finding });
  return true;
}
