// Which operations crash how, and how thoroughly.

import { failAt, failPoints } from "./failing-disk.ts";
import type { Fault } from "./faults.ts";
import type { Result } from "./findings.ts";
import { killAt, killPoints } from "./kills.ts";
import type { Operation } from "./operation.ts";
import { cutAt, cutsOf } from "./power-cuts.ts";
import { rotation } from "./rotation.ts";
import { afterFailedSync, signIns } from "./sign-ins.ts";
import type { Log, Site } from "./site.ts";
import { traceOf } from "./trace.ts";
import { withServer as others } from "./with-server.ts";

const withServer = [...others, rotation];

export interface Part {
  readonly online: boolean;
  /** Of the short form too, and with so many points. */
  readonly short?: number;
  readonly result: Result;
  run(site: Site, most: number, progress: () => void): Promise<void>;
}

const fullLog = ["a TOTP code", "a wrong code", "the agent's stop", "the agent's start"];

function kills(operation: Operation, log: Log, short?: number): Part {
  const result: Result = {
    operation: operation.name,
    fault: `kill -9, ${log} log`,
    points: 0,
    kills: true,
    findings: [],
  };
  return {
    online: operation.online === true,
    ...(short === undefined ? {} : { short }),
    result,
    async run(site, most, progress) {
      const { calls } = await traceOf(site, operation, log);
      const points = killPoints(calls, log === "full");
      for (const fault of spread(points, most)) {
        await killAt(site, operation, log, fault, result);
        progress();
      }
      // An agent does not always make the same calls: a point that never came is made up for by another.
      for (const fault of points) {
        if (result.points > 0) break;
        await killAt(site, operation, log, fault, result);
      }
    },
  };
}

function failures(operation: Operation, log: Log, short?: number): Part {
  const result: Result = {
    operation: operation.name,
    fault: `failing disk, ${log} log`,
    points: 0,
    kills: false,
    findings: [],
  };
  return {
    online: operation.online === true,
    ...(short === undefined ? {} : { short }),
    result,
    async run(site, most, progress) {
      const { calls } = await traceOf(site, operation, log);
      for (const fault of spread(failPoints(calls), most)) {
        await failAt(site, operation, log, fault, result);
        progress();
      }
    },
  };
}

/** `before`: what else goes wrong before the power does. */
function powerCuts(
  operation: Operation,
  log: Log,
  choices: number,
  short?: number,
  before: (site: Site) => Promise<Fault | undefined> = async () => undefined,
): Part {
  const result: Result = {
    operation: operation.name,
    fault: `power cut, ${log} log`,
    points: 0,
    kills: false,
    findings: [],
  };
  return {
    online: operation.online === true,
    ...(short === undefined ? {} : { short }),
    result,
    async run(site, most, progress) {
      const trace = await traceOf(site, operation, log, await before(site));
      const server = operation.serverRemembers ? await site.keepServer() : undefined;
      for (const cut of spread(cutsOf(trace, choices), most)) {
        await cutAt(site, operation, trace, cut, result, server);
        progress();
      }
    },
  };
}

/** Sign-ins that commit; what begins and ends with the process can't be told a verdict. */
const answered = signIns.filter(({ hears }) => hears === undefined);

/** The agent begins on a broken disk. */
const started = signIns.filter(({ name }) => name === "the agent's start");

export function plan(): readonly Part[] {
  return [
    ...withServer.map((operation) => kills(operation, "short", 2)),
    ...signIns.flatMap((operation) => [kills(operation, "short", 3), kills(operation, "anew")]),
    ...signIns.filter(({ name }) => fullLog.includes(name)).map((operation) => kills(operation, "full", 1)),
    ...[...answered, ...started].map((operation) => failures(operation, "short", 1)),
    ...answered.slice(0, 1).map((operation) => failures(operation, "full")),
    ...withServer.map((operation) => powerCuts(operation, "short", 1, 1)),
    ...signIns.flatMap((operation) => [powerCuts(operation, "short", 3, 1), powerCuts(operation, "anew", 2)]),
    ...signIns
      .filter(({ name }) => fullLog.includes(name))
      .map((operation) => powerCuts(operation, "full", 1)),
    powerCuts(afterFailedSync, "short", 20, 2, firstSyncFails),
  ];
}

/** The sync of the operation's first commit. */
async function firstSyncFails(site: Site): Promise<Fault> {
  const { calls } = await traceOf(site, afterFailedSync, "short");
  return { action: "fail-once", at: calls.findIndex(({ call }) => call === "sync") + 1, error: "EIO" };
}

/** At most so many, evenly over all. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from(
    { length: most },
    (_, index) => all[Math.floor((index + 0.5) * (all.length / most))] as T,
  );
}
