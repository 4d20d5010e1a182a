// `nightlatch doctor`: everything that has to be right before people rely on it, and what to do where it is not.

import { agentAccount } from "../../platform/agent-account.ts";
import type { AdminClient } from "../admin-client.ts";
import { exitCodes } from "../exit-codes.ts";
import { type Io, Stop } from "../io.ts";
import type { Paint } from "../show/paint.ts";
import { aligned } from "../show/rows.ts";
import { trustOf } from "../trusted-socket.ts";
import { checkStatus } from "./agent.ts";
import type { Finding } from "./finding.ts";
import { checkConfig, checkPam, checkSocket, type PamPlaces } from "./system.ts";

export interface DoctorPlaces {
  readonly admin: string;
  readonly dialogue: string;
  readonly config: string;
  readonly pam: PamPlaces;
}

export async function examine(io: Io, client: AdminClient, places: DoctorPlaces): Promise<Finding[]> {
  const trust = await trustOf(io);
  const agentUid = (await io.accounts.userId(agentAccount)) ?? io.uid;
  return [
    checkConfig(places.config, agentUid, io.uid === 0),
    checkSocket("dialogue", places.dialogue, true, trust),
    checkSocket("admin", places.admin, false, trust),
    ...(await askAgent(client, io.clock.wallMs())),
    ...checkPam(places.pam),
  ];
}

async function askAgent(client: AdminClient, nowMs: number): Promise<Finding[]> {
  const check = "agent";
  try {
    const status = await client.status();
    return [
      { check, outcome: "ok", found: `nightlatchd ${status.version} answers` },
      ...checkStatus(status, nowMs),
    ];
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return [{ check, outcome: "fail", found: error.message, todo: "systemctl status nightlatchd" }];
  }
}

const signs = { ok: ["green", "ok"], warn: ["yellow", "warn"], fail: ["red", "FAIL"] } as const;

export function showFindings(findings: readonly Finding[], paint: Paint): string {
  const rows = findings.flatMap(({ check, outcome, found, todo }) => {
    const [first = "", ...more] = found.split("\n");
    return [
      [signs[outcome][1], check, first],
      ...more.map((line) => ["", "", line]),
      ...(todo === undefined || outcome === "ok" ? [] : [["", "", `-> ${todo}`]]),
    ];
  });
  return aligned(rows)
    .split("\n")
    .map((line) => {
      const sign = Object.values(signs).find(([, word]) => line.startsWith(`${word} `));
      return sign === undefined ? line : paint(sign[0], sign[1]) + line.slice(sign[1].length);
    })
    .join("\n");
}

/** A warning is no failure: scripts may rely on it. */
export function exitAfter(findings: readonly Finding[]): number {
  return findings.some(({ outcome }) => outcome === "fail") ? exitCodes.failed.code : exitCodes.done.code;
}
