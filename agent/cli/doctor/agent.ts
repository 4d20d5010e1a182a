// What the agent says of itself, judged.

import { dayMs, hourMs } from "../../../words/clock.ts";
import type { Status } from "../../admin/actions.ts";
import { counted, leftOver, localTime, unreachable } from "../show/quantities.ts";
import type { Finding } from "./finding.ts";

export function checkStatus(status: Status, nowMs: number): Finding[] {
  return [
    state(status),
    server(status),
    lastSync(status, nowMs),
    outbox(status),
    clock(status, nowMs),
    protector(status),
    mfa(status),
    ...enrolments(status, nowMs),
  ];
}

function state({ state: now }: Status): Finding {
  const check = "state";
  switch (now) {
    case "healthy":
      return { check, outcome: "ok", found: "healthy" };
    case "not-joined":
      return {
        check,
        outcome: "fail",
        found: "this machine has joined no server",
        todo: "make a join token at the server, then: nightlatch join URL --token-file FILE",
      };
    case "damaged":
      return {
        check,
        outcome: "fail",
        found: "the stored state is damaged; offline sign-in is off",
        todo: "sign in once with the server in reach; if it stays, join again with a new token",
      };
    case "time-turned-back":
      return {
        check,
        outcome: "fail",
        found: "the clock is behind what it once was; offline sign-in is off",
        todo: "set the clock, then: nightlatch sync",
      };
    case "revoked":
      return {
        check,
        outcome: "fail",
        found: "the server has revoked this machine",
        todo: "if that was not meant: make a join token at the server and join again",
      };
    default:
      return { check, outcome: "fail", found: "a state that this command does not know" };
  }
}

function server({ server: { url, reach, lastFailure } }: Status): Finding {
  const check = "server";
  if (url === null) return { check, outcome: "warn", found: "no address is set" };
  if (reach === "reachable") return { check, outcome: "ok", found: "reachable" };
  if (reach === "unknown")
    return { check, outcome: "warn", found: "not tried since the start", todo: "nightlatch sync" };
  return {
    check,
    outcome: "warn",
    found: unreachable(lastFailure),
    todo:
      lastFailure === "certificate-dated"
        ? "set the clock (timedatectl), or renew the server's certificate"
        : `from this machine, try: curl -v ${url}`,
  };
}

function lastSync({ lastSyncAtMs, syncUnderWay, state: now }: Status, nowMs: number): Finding {
  const check = "last sync";
  if (lastSyncAtMs === null && syncUnderWay)
    return {
      check,
      outcome: "warn",
      found: "never: the first one is under way",
      todo: "look again in a moment: nightlatch doctor",
    };
  // Without a server to sync with, "state" says what to do.
  if (lastSyncAtMs === null && (now === "not-joined" || now === "revoked"))
    return { check, outcome: "warn", found: "never" };
  if (lastSyncAtMs === null) return { check, outcome: "fail", found: "never", todo: "nightlatch sync" };
  const found = localTime(lastSyncAtMs);
  return nowMs - lastSyncAtMs < 3 * dayMs
    ? { check, outcome: "ok", found }
    : { check, outcome: "warn", found, todo: "nightlatch sync" };
}

function outbox({ eventsWaiting, eventsDropped }: Status): Finding {
  const check = "events";
  const found = `${counted(eventsWaiting, "event")} waiting for the server`;
  if (eventsDropped === 0) return { check, outcome: "ok", found };
  const lost = `${found}, and ${eventsDropped} that found no room are counted only`;
  return { check, outcome: "warn", found: lost, todo: "nightlatch sync" };
}

function clock({ server: { lastContactAtMs }, lastSyncAtMs }: Status, nowMs: number): Finding {
  const check = "clock";
  const known = Math.max(lastContactAtMs ?? 0, lastSyncAtMs ?? 0);
  if (known > nowMs + hourMs)
    return {
      check,
      outcome: "fail",
      found: `it shows ${localTime(nowMs)}, earlier than the last contact with the server`,
      todo: "set the clock (timedatectl), then: nightlatch sync",
    };
  if (nowMs < Date.UTC(2026, 0))
    return {
      check,
      outcome: "fail",
      found: `it shows ${localTime(nowMs)}`,
      todo: "set the clock (timedatectl)",
    };
  return { check, outcome: "ok", found: localTime(nowMs) };
}

function protector({ protector: { name, defends } }: Status): Finding {
  const check = "protector";
  return name === "file"
    ? {
        check,
        outcome: "warn",
        found: `file: ${defends}`,
        todo: "encrypt the disk: whoever can read it has the key; where there is a TPM: nightlatch protector tpm2",
      }
    : { check, outcome: "ok", found: `${name}: ${defends}` };
}

function mfa({ mfa: now, mode }: Status): Finding {
  const check = "mfa";
  return now === "enabled"
    ? { check, outcome: "ok", found: `enabled, mode ${mode}` }
    : {
        check,
        outcome: "warn",
        found: "disabled: sign-ins need no second factor",
        todo: 'set mfa = "enabled"',
      };
}

function enrolments({ enrolments: all }: Status, nowMs: number): Finding[] {
  return all
    .filter((each) => each.daysLeft < 2 || (each.signInsLeft !== null && each.signInsLeft < 3))
    .map((each) => ({
      check: `offline sign-in of ${each.user}`,
      outcome: "warn",
      found: each.expiresAtMs <= nowMs ? "over" : leftOver(each.daysLeft, each.signInsLeft),
      todo: "let the user sign in once with the server in reach",
    }));
}
