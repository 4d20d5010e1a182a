// `nightlatch status` and `nightlatch explain` for people.

import { harmless } from "../../../words/harmless.ts";
import type { EnrolmentStatus, Explanation, RotationReport, Status } from "../../admin/actions.ts";
import type { Paint } from "./paint.ts";
import { counted, leftOver, localTime, unreachable } from "./quantities.ts";
import { aligned } from "./rows.ts";

const stateSentences = {
  healthy: "healthy",
  damaged: "damaged: offline sign-in is off until somebody signs in with the server in reach",
  "time-turned-back": "the clock was turned back: offline sign-in is off until the next sync",
  revoked: "revoked by the server",
  "not-joined": "not joined: run `nightlatch join`",
} as const satisfies Record<Status["state"], string>;

export function showStatus(status: Status, nowMs: number, paint: Paint): string {
  const { server, enrolments } = status;
  const head = aligned([
    ["Agent", `nightlatchd ${status.version}`],
    ["State", stateSentences[status.state]],
    ["MFA", `${status.mfa}, mode ${status.mode}`],
    ["Machine", status.machine ?? "none"],
    ["Server", `${server.url ?? "none"}${server.url === null ? "" : `, ${reach(server)}`}`],
    ["Last sync", lastSync(status)],
    ["Waiting", waiting(status)],
    ["Protector", `${status.protector.name}: ${status.protector.defends}`],
  ]);
  const painted = head
    .split("\n")
    .map((line) =>
      line.startsWith("State") ? paint(status.state === "healthy" ? "green" : "red", line) : line,
    )
    .join("\n");
  if (enrolments.length === 0) return `${painted}\nNobody is enrolled for offline sign-in here.\n`;
  const table = aligned([
    ["User", "Offline sign-in", "Until", "Last synced", "Policy"],
    ...enrolments.map((each) => [
      each.user,
      standing(each, nowMs),
      localTime(each.expiresAtMs),
      localTime(each.lastSyncedAtMs),
      each.policy,
    ]),
  ]);
  const [titles = "", ...rows] = table.split("\n");
  return `${painted}\n${[paint("bold", titles), ...rows].join("\n")}`;
}

function lastSync({ lastSyncAtMs, syncUnderWay }: Status): string {
  if (lastSyncAtMs !== null) return localTime(lastSyncAtMs);
  return syncUnderWay ? "never: the first one is under way" : "never";
}

function waiting({ eventsWaiting, eventsDropped }: Status): string {
  const events = counted(eventsWaiting, "event");
  return eventsDropped === 0 ? events : `${events}; ${eventsDropped} more found no room and are counted only`;
}

function reach({ reach: now, lastContactAtMs, lastFailure }: Status["server"]): string {
  const last = lastContactAtMs === null ? "never reached" : `last reached ${localTime(lastContactAtMs)}`;
  if (now === "reachable") return "reachable";
  if (now === "unknown") return `not tried yet, ${last}`;
  return `${unreachable(lastFailure)}, ${last}`;
}

function standing(each: EnrolmentStatus, nowMs: number): string {
  if (each.lockedUntilMs !== null && each.lockedUntilMs > nowMs)
    return `locked until ${localTime(each.lockedUntilMs)}`;
  if (each.daysLeft <= 0 || each.signInsLeft === 0)
    return `over: ${leftOver(each.daysLeft, each.signInsLeft)}`;
  return leftOver(each.daysLeft, each.signInsLeft);
}

export function showRotation({ machine, protector, heard }: RotationReport): string {
  const last = heard
    ? "The old keys are worth nothing any more."
    : "The server did not answer just now: the old keys hold until the next contact with it.";
  return `${harmless(machine)} has new keys, sealed by ${protector.name}.\n${last}\n`;
}

const outcomeWords = { ask: "asked", grant: "granted", refuse: "refused" } as const;

export function showExplanation(explanation: Explanation, paint: Paint): string {
  const { user, kind, online, offline, policy, details } = explanation;
  const title = paint(
    "bold",
    `${kind === "unlock" || kind === "elevate" ? "An" : "A"} ${kind} of ${harmless(user)} now, under the policy ${harmless(policy)}:`,
  );
  const outcomes = aligned([
    ["  with the server", outcomeWords[online.outcome], online.because],
    ["  without it", outcomeWords[offline.outcome], offline.because],
  ]);
  const steps = details.map((detail, at) => `  ${at + 1}. ${harmless(detail)}\n`).join("");
  return `${title}\n${outcomes}${steps === "" ? "" : `\nStep by step:\n${steps}`}`;
}
